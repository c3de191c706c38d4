# Who may do what. The policies are templates in ../../policies, which the tests fill in and enforce on local AWS.

locals {
  policies = "${path.module}/../../policies"

  shared = {
    partition          = local.partition
    region             = local.region
    account            = local.account
    bucket             = aws_s3_bucket.archive.id
    prefix             = var.archive_prefix
    subnet_group       = aws_db_subnet_group.clone.name
    prefect_secret_arn = aws_secretsmanager_secret.prefect.arn
    repository_arn     = var.repository_arn
    log_group          = "/${var.name}/*"
    cluster_arn        = aws_ecs_cluster.refresh.arn
    cluster_name       = aws_ecs_cluster.refresh.name
    queue_arn          = aws_sqs_queue.task_events.arn
    task_role_arn      = "arn:${local.partition}:iam::${local.account}:role/${var.name}-task"
    mask_role_arn      = "arn:${local.partition}:iam::${local.account}:role/${var.name}-mask"
    execution_role_arn = "arn:${local.partition}:iam::${local.account}:role/${var.name}-execution"
  }

  of_env = {
    for env, given in var.environments : env => merge(local.shared, {
      env                    = env
      source_cluster         = given.source_cluster
      target_cluster         = given.target_cluster
      source_key_arn         = given.source_key_arn
      key_arn                = aws_kms_key.data.arn
      parameter_group        = aws_rds_cluster_parameter_group.clone[tostring(given.postgresql_major)].name
      target_secret_arn      = aws_secretsmanager_secret.env["${env}/target"].arn
      root_key_secret_arn    = aws_secretsmanager_secret.env["${env}/root-key"].arn
      signing_key_secret_arn = var.mask_pool ? aws_secretsmanager_secret.env["${env}/signing-key"].arn : ""
      slack_secret_arn       = aws_secretsmanager_secret.env["${env}/slack"].arn
      vault_secret_arn       = given.has_vault ? aws_secretsmanager_secret.env["${env}/vault"].arn : ""
      target_iam_user        = given.target_iam_user == null ? "" : given.target_iam_user
      target_resource_id     = given.target_resource_id == null ? "" : given.target_resource_id
      production_role_arn    = given.production_role_arn == null ? "" : given.production_role_arn
      production_account     = given.production_role_arn == null ? "" : split(":", given.production_role_arn)[4]
    })
  }

  ci_roles        = var.github_repository == null ? [] : ["ci"]
  developer_roles = length(var.developer_principal_arns) == 0 ? [] : ["developer"]
  ecs_roles       = ["task", "mask", "execution", "worker"]

  trust = merge(
    { for role in local.ecs_roles : role => data.aws_iam_policy_document.trust_ecs.json },
    { for role in local.ci_roles : role => data.aws_iam_policy_document.trust_github[0].json },
    { for role in local.developer_roles : role => data.aws_iam_policy_document.trust_developers[0].json },
  )

  # "role/policy" or "role/policy/env" → its text.
  documents = { for name, text in local.filled_in : name => length(local.left_out[name]) == 0 ? text : jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in jsondecode(text).Statement : statement if !contains(local.left_out[name], statement.Sid)]
  }) }

  # Statements that an env has no use for, by their Sid. Where masking is a job of its own, its role alone reads the root
  # key; where production is an account of its own, its role there takes the snapshot.
  left_out = { for name, _ in local.filled_in : name => concat(
    var.mask_pool && startswith(name, "task/task-data/") ? ["ReadRootKey"] : [],
    contains([for env in local.apart : "task/task-aurora/${env}"], name) ? ["SnapshotSource", "SnapshotAsOurs"] : [],
  ) }

  apart = [for env, given in var.environments : env if given.production_role_arn != null]

  filled_in = merge(
    { for role in ["execution", "worker"] :
      "${role}/${role}" => templatefile("${local.policies}/${role}.json.tftpl", merge(local.shared, { key_arn = aws_kms_key.operations.arn }))
    },
    { for role in local.ci_roles :
      "ci/ci" => templatefile("${local.policies}/ci.json.tftpl", merge(local.shared, { key_arn = aws_kms_key.operations.arn }))
    },
    { for pair in setproduct(concat(["task/task-aurora", "task/task-data", "mask/mask"],
      [for role in local.developer_roles : "developer/developer"]), keys(var.environments)) :
      "${pair[0]}/${pair[1]}" => templatefile("${local.policies}/${split("/", pair[0])[1]}.json.tftpl", local.of_env[pair[1]])
    },
    { for env, given in var.environments :
      "task/task-login/${env}" => templatefile("${local.policies}/task-login.json.tftpl", local.of_env[env])
      if given.target_iam_user != null
    },
    { for env in local.apart :
      "task/task-apart/${env}" => templatefile("${local.policies}/task-apart.json.tftpl", local.of_env[env])
    },
    { for pair in setproduct(["task", "mask"], var.mask_pool ? keys(var.environments) : []) :
      "${pair[0]}/${pair[0]}-signing/${pair[1]}" => templatefile("${local.policies}/signing.json.tftpl", local.of_env[pair[1]])
    },
    { for pair in setproduct(["task", "mask"], [for env, given in var.environments : env if given.has_vault]) :
      "${pair[0]}/${pair[0]}-vault/${pair[1]}" => templatefile("${local.policies}/vault.json.tftpl", local.of_env[pair[1]])
    },
  )
}

data "aws_iam_policy_document" "trust_ecs" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "trust_github" {
  count = length(local.ci_roles)

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.github_oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${var.github_repository}:ref:refs/heads/main"]
    }
  }
}

data "aws_iam_policy_document" "trust_developers" {
  count = length(local.developer_roles)

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.developer_principal_arns
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.trust

  name                 = "${var.name}-${each.key}"
  assume_role_policy   = each.value
  max_session_duration = 43200
  tags                 = var.tags
}

resource "aws_iam_policy" "this" {
  for_each = local.documents

  name   = "${var.name}-${replace(trimprefix(each.key, "${split("/", each.key)[0]}/"), "/", "-")}"
  policy = each.value
  tags   = var.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.documents

  role       = aws_iam_role.this[split("/", each.key)[0]].name
  policy_arn = aws_iam_policy.this[each.key].arn
}
