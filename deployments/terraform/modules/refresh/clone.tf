# Where clones live: reached by the task alone, reaching nothing, telling nothing.

resource "aws_security_group" "clone" {
  #checkov:skip=CKV2_AWS_5:A refresh attaches it to the clone that it makes
  name        = "${var.name}-clone"
  description = "Clones that are being masked: no egress, ingress from the task alone"
  vpc_id      = var.vpc_id
  egress      = []
  tags        = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "clone_from_task" {
  security_group_id            = aws_security_group.clone.id
  referenced_security_group_id = aws_security_group.task.id
  description                  = "PostgreSQL from the task"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_subnet_group" "clone" {
  name        = "${var.name}-clones"
  description = "Private subnets of clones"
  subnet_ids  = var.private_subnet_ids
  tags        = var.tags
}

locals {
  # What keeps a clone from acting, and from telling what it holds, before anybody can log in.
  clone_parameters = {
    shared_preload_libraries          = ""
    max_logical_replication_workers   = "0"
    log_error_verbosity               = "terse"
    log_min_error_statement           = "panic"
    log_min_messages                  = "panic"
    log_statement                     = "none"
    log_min_duration_statement        = "-1"
    log_parameter_max_length_on_error = "0"
    log_connections                   = "0"
  }
}

resource "aws_rds_cluster_parameter_group" "clone" {
  for_each = toset([for env in var.environments : tostring(env.postgresql_major)])

  name        = "${var.name}-clone-postgresql${each.key}"
  family      = "aurora-postgresql${each.key}"
  description = "Clones that are being masked: they act on nothing and log nothing"
  tags        = var.tags

  dynamic "parameter" {
    for_each = local.clone_parameters

    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = "pending-reboot"
    }
  }
}
