# What a reviewer is told of the module, asserted on a plan; no account is needed.

mock_provider "aws" {
  override_during = plan

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1111", key_id = "1111" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::archives", id = "archives" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/made" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:refresh-task-events" }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:made-AbCdEf" }
  }

  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/refresh" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/refresh-task-events" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:refresh-start-nightly" }
  }

  mock_resource "aws_security_group" {
    defaults = { id = "sg-0123456789abcdef0" }
  }
}

variables {
  vpc_id             = "vpc-1"
  private_subnet_ids = ["subnet-1", "subnet-2"]
  https_destinations = ["10.0.0.0/16"]
  archive_bucket     = "archives"
  image              = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/refresh@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  repository_arn     = "arn:aws:ecr:eu-west-1:123456789012:repository/refresh"
  prefect_api_url    = "https://prefect.example.com/api"

  environments = {
    dev = {
      source_cluster           = "production"
      source_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/2222"
      target_cluster           = "dev"
      target_security_group_id = "sg-1"
      postgresql_major         = 16
    }
    staging = {
      source_cluster           = "production"
      source_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/2222"
      target_cluster           = "staging"
      target_security_group_id = "sg-2"
    }
  }
}

run "a_clone_reaches_nothing_and_only_the_task_reaches_it" {
  command = plan

  assert {
    condition     = length(aws_security_group.clone.egress) == 0
    error_message = "The clone's security group has egress."
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.clone_from_task.cidr_ipv4 == null
    error_message = "The clone can be reached from an address range."
  }

  assert {
    condition     = keys(aws_rds_cluster_parameter_group.clone) == ["16", "17"]
    error_message = "There isn't one parameter group for each major version."
  }
}

run "the_archive_is_private_encrypted_and_expires" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.archive.block_public_acls,
      aws_s3_bucket_public_access_block.archive.block_public_policy,
      aws_s3_bucket_public_access_block.archive.ignore_public_acls,
      aws_s3_bucket_public_access_block.archive.restrict_public_buckets,
    ])
    error_message = "Something public isn't blocked."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.archive.rule) == 2
    error_message = "Archives and delete markers don't both expire."
  }
}

run "a_daily_snapshot_is_off_by_default_and_named_by_its_date" {
  command = plan

  assert {
    condition     = length(aws_db_cluster_snapshot.daily) == 0
    error_message = "A snapshot is made that nobody asked for."
  }
}

run "a_date_makes_one_snapshot_of_each_source" {
  command = plan

  variables {
    snapshot_date = "2026-01-31"
  }

  assert {
    condition     = aws_db_cluster_snapshot.daily["dev"].db_cluster_snapshot_identifier == "production-daily-2026-01-31"
    error_message = "The snapshot isn't named by the date."
  }
}

run "roles_for_ci_and_developers_are_made_when_asked_for" {
  command = plan

  assert {
    condition     = keys(aws_iam_role.this) == ["execution", "mask", "task", "worker"]
    error_message = "Roles are made that nobody asked for, or are missing."
  }
}

run "a_role_for_ci_is_for_one_repositorys_main_branch" {
  command = plan

  variables {
    github_repository        = "example/shop"
    github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    developer_principal_arns = ["arn:aws:iam::123456789012:role/developers"]
  }

  assert {
    condition     = keys(aws_iam_role.this) == ["ci", "developer", "execution", "mask", "task", "worker"]
    error_message = "The roles for CI and developers aren't made."
  }

  assert {
    condition     = !strcontains(aws_iam_policy.this["ci/ci"].policy, "rds:") && !strcontains(aws_iam_policy.this["ci/ci"].policy, "s3:")
    error_message = "CI's role may do more than log in to Prefect."
  }
}

run "masking_as_a_job_of_its_own_takes_the_root_key_from_the_task_role" {
  command = plan

  variables {
    mask_pool = true
  }

  assert {
    condition     = keys(aws_ecs_service.worker) == ["worker", "worker-mask"]
    error_message = "The mask pool has no worker."
  }

  assert {
    condition     = alltrue([for env in ["dev", "staging"] : !strcontains(aws_iam_policy.this["task/task-data/${env}"].policy, "ReadRootKey")])
    error_message = "The task role can read the root key."
  }

  assert {
    condition     = alltrue([for env in ["dev", "staging"] : strcontains(aws_iam_policy.this["mask/mask/${env}"].policy, "ReadRootKey")])
    error_message = "The mask role can't read the root key."
  }

  assert {
    condition     = length(aws_vpc_security_group_egress_rule.mask_to_clone) == 1 && output.mask_pool.family == "refresh-mask"
    error_message = "Tasks that mask don't reach the clone, or run as another family."
  }
}

run "without_it_there_is_one_worker_and_the_task_role_reads_the_root_key" {
  command = plan

  assert {
    condition     = keys(aws_ecs_service.worker) == ["worker"] && strcontains(aws_iam_policy.this["task/task-data/dev"].policy, "ReadRootKey")
    error_message = "Masking isn't the refresh's own."
  }
}

run "every_policy_fits_into_a_managed_policy" {
  command = plan

  assert {
    condition     = alltrue([for document in values(output.policies) : length(jsonencode(jsondecode(document))) <= 6144])
    error_message = "A policy is longer than IAM allows."
  }
}

run "a_tag_of_the_janitors_is_refused" {
  command = plan

  variables {
    tags = { "refresh:managed-by" = "dev-db-refresh" }
  }

  expect_failures = [var.tags]
}

run "a_moveable_image_is_refused" {
  command = plan

  variables {
    image = "refresh:latest"
  }

  expect_failures = [var.image]
}

run "an_env_whose_source_is_its_target_is_refused" {
  command = plan

  variables {
    environments = {
      staging = {
        source_cluster           = "staging"
        source_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/2222"
        target_cluster           = "staging"
        target_security_group_id = "sg-2"
      }
    }
  }

  expect_failures = [var.environments]
}

run "a_login_by_iam_and_a_vaults_secret_id_are_allowed_to_the_env_that_has_them_and_to_no_other" {
  command = plan

  variables {
    environments = {
      dev = {
        source_cluster           = "production"
        source_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/2222"
        target_cluster           = "dev"
        target_security_group_id = "sg-1"
        has_vault                = true
      }
      staging = {
        source_cluster           = "production"
        source_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/2222"
        target_cluster           = "staging"
        target_security_group_id = "sg-2"
        target_iam_user          = "refresh"
        target_resource_id       = "cluster-ABCDEFGHIJKL1234"
      }
    }
  }

  assert {
    condition = [for key, text in local.documents : key if strcontains(text, "rds-db:connect")
    ] == ["task/task-login/staging"]
    error_message = "rds-db:connect isn't allowed in one place alone."
  }

  assert {
    condition     = strcontains(local.documents["task/task-login/staging"], ":dbuser:cluster-ABCDEFGHIJKL1234/refresh\"")
    error_message = "It isn't one user of one cluster."
  }

  assert {
    condition = [for key, _ in local.documents : key if strcontains(key, "-vault/")
    ] == ["mask/mask-vault/dev", "task/task-vault/dev"]
    error_message = "A Vault's secret_id isn't read by the env alone that has a Vault."
  }
}

run "a_login_by_iam_to_any_cluster_is_refused" {
  command = plan

  variables {
    environments = {
      staging = {
        source_cluster           = "production"
        source_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/2222"
        target_cluster           = "staging"
        target_security_group_id = "sg-2"
        target_iam_user          = "refresh"
        target_resource_id       = "*"
      }
    }
  }

  expect_failures = [var.environments]
}

run "an_env_whose_production_is_apart_copies_what_is_shared_and_takes_no_snapshot_itself" {
  command = plan

  variables {
    environments = {
      dev = {
        source_cluster           = "production"
        source_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/2222"
        target_cluster           = "dev"
        target_security_group_id = "sg-1"
      }
      staging = {
        source_cluster           = "production"
        source_key_arn           = "arn:aws:kms:eu-west-1:999900001111:key/3333"
        target_cluster           = "staging"
        target_security_group_id = "sg-2"
        production_role_arn      = "arn:aws:iam::999900001111:role/refresh-staging-production-copy"
      }
    }
  }

  assert {
    condition     = [for key, text in local.documents : key if strcontains(text, "sts:AssumeRole")] == ["task/task-apart/staging"]
    error_message = "Production's role can be taken by another role, or for another env."
  }

  assert {
    condition = [for key, text in local.documents : key if strcontains(text, "\"SnapshotSource\"")
    ] == ["task/task-aurora/dev"]
    error_message = "The task role takes the snapshot where production's role does, or nowhere."
  }

  assert {
    condition     = output.environments.staging.source.share.with_account == "123456789012" && !can(output.environments.dev.source)
    error_message = "The env's file isn't told whom to share with."
  }
}

run "eventbridge_starts_nothing_that_nobody_asked_for" {
  command = plan

  assert {
    condition     = length(aws_lambda_function.start) + length(aws_iam_role.start) + length(aws_cloudwatch_event_rule.start) == 0
    error_message = "A function is made that nobody asked for."
  }
}

run "a_start_has_its_deployment_in_its_variables_and_a_role_that_logs_in_to_prefect" {
  command = plan

  variables {
    start_package = "variables.tf"
    starts = {
      nightly = {
        deployment = "refresh/ci"
        parameters = "{\"env\": \"staging\"}"
        schedule   = "cron(0 4 * * ? *)"
      }
    }
  }

  assert {
    condition     = aws_lambda_function.start["nightly"].environment[0].variables.DEPLOYMENT == "refresh/ci"
    error_message = "The function doesn't say what it starts."
  }

  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.start : !strcontains(policy.policy, "rds:") && !strcontains(policy.policy, "s3:")])
    error_message = "The function's role may do more than log in to Prefect."
  }

  assert {
    condition     = length(aws_lambda_function.start["nightly"].dead_letter_config) == 1
    error_message = "A failure to start is told nobody."
  }
}

run "a_start_without_a_time_or_an_event_is_refused" {
  command = plan

  variables {
    start_package = "variables.tf"
    starts        = { never = { deployment = "refresh/ci" } }
  }

  expect_failures = [var.starts]
}
