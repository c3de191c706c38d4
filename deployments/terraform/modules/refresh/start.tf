# Functions that start a deployment on a schedule or for an event (deployments/eventbridge), one for each of var.starts.
# What a function starts is in its variables, so that whoever may send an event chooses no flow.

locals {
  any_start = length(var.starts) > 0 ? toset(["start"]) : toset([])
  start_policies = {
    for name in ["ci", "start"] : name => templatefile("${local.policies}/${name}.json.tftpl", merge(local.shared, {
      key_arn   = aws_kms_key.operations.arn
      log_group = "/${var.name}/start"
      queue_arn = "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.name}-start-failures"
    }))
  }
}

data "aws_iam_policy_document" "trust_lambda" {
  for_each = local.any_start

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "start" {
  for_each = local.any_start

  name               = "${var.name}-start"
  assume_role_policy = data.aws_iam_policy_document.trust_lambda["start"].json
  tags               = var.tags
}

resource "aws_iam_role_policy" "start" {
  for_each = length(var.starts) > 0 ? local.start_policies : {}

  name   = each.key
  role   = aws_iam_role.start["start"].name
  policy = each.value
}

resource "aws_sqs_queue" "start_failures" {
  for_each = local.any_start

  name                      = "${var.name}-start-failures"
  kms_master_key_id         = aws_kms_key.operations.arn
  message_retention_seconds = 1209600
  tags                      = var.tags
}

resource "aws_cloudwatch_log_group" "start" {
  for_each = local.any_start

  name              = "/${var.name}/start"
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.operations.arn
  tags              = var.tags
}

resource "aws_security_group" "start" {
  for_each = local.any_start

  #checkov:skip=CKV2_AWS_5:The functions have it
  name        = "${var.name}-start"
  description = "Functions that start deployments: no ingress, no database"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "start_to_https" {
  for_each = length(var.starts) > 0 ? toset(var.https_destinations) : toset([])

  security_group_id = aws_security_group.start["start"].id
  cidr_ipv4         = each.value
  description       = "AWS's endpoints and the Prefect server"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_lambda_function" "start" {
  for_each = var.starts

  #checkov:skip=CKV_AWS_50:One call of Prefect, which its log tells
  #checkov:skip=CKV_AWS_115:A reservation is taken from the account's other functions, and a second delivery starts nothing
  #checkov:skip=CKV_AWS_173:Its variables hold names and ARNs, no secret
  #checkov:skip=CKV_AWS_272:The zip is made of the checkout by whoever applies this
  function_name    = "${var.name}-start-${each.key}"
  description      = "Starts ${each.value.deployment}"
  role             = aws_iam_role.start["start"].arn
  runtime          = "python3.12"
  handler          = "deployments.eventbridge.handler.handle"
  filename         = var.start_package
  source_code_hash = filebase64sha256(var.start_package)
  timeout          = 60
  tags             = var.tags

  environment {
    variables = {
      PREFECT_API_URL    = var.prefect_api_url
      PREFECT_SECRET_ARN = aws_secretsmanager_secret.prefect.arn
      DEPLOYMENT         = each.value.deployment
      PARAMETERS         = each.value.parameters
      EVENT_PARAMETERS   = join(",", each.value.event_parameters)
    }
  }

  vpc_config {
    subnet_ids         = var.private_subnet_ids
    security_group_ids = [aws_security_group.start["start"].id]
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.start_failures["start"].arn
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.start["start"].name
  }

  depends_on = [aws_iam_role_policy.start]
}

resource "aws_cloudwatch_event_rule" "start" {
  for_each = var.starts

  name                = "${var.name}-start-${each.key}"
  description         = "Starts ${each.value.deployment}"
  schedule_expression = each.value.schedule
  event_pattern       = each.value.event_pattern
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "start" {
  for_each = var.starts

  rule = aws_cloudwatch_event_rule.start[each.key].name
  arn  = aws_lambda_function.start[each.key].arn
}

resource "aws_lambda_permission" "start" {
  for_each = var.starts

  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.start[each.key].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.start[each.key].arn
}
