resource "aws_ecs_cluster" "refresh" {
  name = var.name
  tags = var.tags

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_cloudwatch_log_group" "refresh" {
  for_each = toset(["tasks", "worker"])

  name              = "/${var.name}/${each.key}"
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.operations.arn
  tags              = var.tags
}

resource "aws_security_group" "task" {
  name        = "${var.name}-task"
  description = "The flows' tasks and the worker: no ingress"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "task_to_clone" {
  security_group_id            = aws_security_group.task.id
  referenced_security_group_id = aws_security_group.clone.id
  description                  = "PostgreSQL of clones"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_egress_rule" "task_to_target" {
  for_each = var.environments

  security_group_id            = aws_security_group.task.id
  referenced_security_group_id = each.value.target_security_group_id
  description                  = "PostgreSQL of target ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_ingress_rule" "target_from_task" {
  for_each = var.environments

  security_group_id            = each.value.target_security_group_id
  referenced_security_group_id = aws_security_group.task.id
  description                  = "PostgreSQL from ${var.name}"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_egress_rule" "task_to_https" {
  for_each = toset(var.https_destinations)

  security_group_id = aws_security_group.task.id
  cidr_ipv4         = each.value
  description       = "AWS's endpoints and the Prefect server"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

locals {
  # Each worker's work pool.
  workers = merge({ worker = var.name }, var.mask_pool ? { "worker-mask" = "${var.name}-mask" } : {})
}

resource "aws_ecs_task_definition" "worker" {
  for_each = local.workers

  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  task_role_arn            = aws_iam_role.this["worker"].arn
  execution_role_arn       = aws_iam_role.this["execution"].arn
  tags                     = var.tags

  container_definitions = jsonencode([{
    name                   = "worker"
    image                  = var.image
    command                = ["prefect", "worker", "start", "--pool", each.value, "--type", "ecs"]
    essential              = true
    cpu                    = 512
    memory                 = 1024
    readonlyRootFilesystem = true
    mountPoints            = [{ sourceVolume = "scratch", containerPath = "/scratch" }]
    linuxParameters        = { initProcessEnabled = true }
    environment = [
      { name = "PREFECT_API_URL", value = var.prefect_api_url },
      { name = "PREFECT_INTEGRATIONS_AWS_ECS_OBSERVER_SQS_QUEUE_NAME", value = aws_sqs_queue.task_events.name },
    ]
    secrets = [{ name = "PREFECT_API_AUTH_STRING", valueFrom = aws_secretsmanager_secret.prefect.arn }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.refresh["worker"].name
        awslogs-region        = local.region
        awslogs-stream-prefix = each.key
      }
    }
  }])

  volume {
    name = "scratch"
  }
}

resource "aws_ecs_service" "worker" {
  for_each = local.workers

  name            = "${var.name}-${each.key}"
  cluster         = aws_ecs_cluster.refresh.id
  task_definition = aws_ecs_task_definition.worker[each.key].arn
  desired_count   = var.worker_count
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"
  tags            = var.tags

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = false
  }
}
