# Masking as a job of its own, where mask_pool says so: its tasks reach the clone, AWS's endpoints and Prefect, no target.

resource "aws_security_group" "mask" {
  count = var.mask_pool ? 1 : 0

  #checkov:skip=CKV2_AWS_5:The mask pool's tasks have it
  name        = "${var.name}-mask"
  description = "Tasks that mask: no ingress, and no target"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "mask_to_clone" {
  count = var.mask_pool ? 1 : 0

  security_group_id            = aws_security_group.mask[0].id
  referenced_security_group_id = aws_security_group.clone.id
  description                  = "PostgreSQL of clones"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_ingress_rule" "clone_from_mask" {
  count = var.mask_pool ? 1 : 0

  security_group_id            = aws_security_group.clone.id
  referenced_security_group_id = aws_security_group.mask[0].id
  description                  = "PostgreSQL from the tasks that mask"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_egress_rule" "mask_to_https" {
  for_each = var.mask_pool ? toset(var.https_destinations) : toset([])

  security_group_id = aws_security_group.mask[0].id
  cidr_ipv4         = each.value
  description       = "AWS's endpoints and the Prefect server"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
