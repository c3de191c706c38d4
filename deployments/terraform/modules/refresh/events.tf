# A worker doesn't poll its tasks: that a container was killed, it hears from this queue alone.

resource "aws_sqs_queue" "task_events" {
  name                      = "${var.name}-task-events"
  kms_master_key_id         = aws_kms_key.operations.arn
  message_retention_seconds = 86400
  tags                      = var.tags
}

resource "aws_cloudwatch_event_rule" "task_events" {
  name        = "${var.name}-task-events"
  description = "Changes of the refresh's tasks, for the worker"
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail      = { clusterArn = [aws_ecs_cluster.refresh.arn] }
  })
}

resource "aws_cloudwatch_event_target" "task_events" {
  rule = aws_cloudwatch_event_rule.task_events.name
  arn  = aws_sqs_queue.task_events.arn
}

data "aws_iam_policy_document" "task_events" {
  statement {
    sid       = "OnlyThisRule"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.task_events.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.task_events.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "task_events" {
  queue_url = aws_sqs_queue.task_events.url
  policy    = data.aws_iam_policy_document.task_events.json
}
