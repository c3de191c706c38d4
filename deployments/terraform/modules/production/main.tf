# Production's side where it is an account of its own. An automated snapshot can't be shared, nor one under aws/rds:
# this role takes a snapshot or copies one to a customer's key, shares the copy, and deletes it. It masks nothing,
# restores nothing, and reads no secret. The task role of staging takes this role for that, and can't share by itself.
#
# The key is the fence: whatever the role might share, and with whomever, staging's task role alone can open it.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/share-encrypted-snapshot.html

locals {
  # As modules/refresh names it. A policy can't name a role as a principal before it exists, a condition can.
  task_role_arn = "arn:${local.partition}:iam::${var.staging_account}:role/${var.name}-task"
}

resource "aws_kms_key" "share" {
  description             = "${var.name}: copies of ${var.source_cluster}'s snapshots that are shared with ${var.staging_account}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy = templatefile("${path.module}/../../policies/share-key.json.tftpl", {
    partition       = local.partition
    region          = local.region
    account         = local.account
    staging_account = var.staging_account
    task_role_arn   = local.task_role_arn
  })
  tags = var.tags
}

resource "aws_kms_alias" "share" {
  name          = "alias/${var.name}-${var.env}-share"
  target_key_id = aws_kms_key.share.key_id
}

resource "aws_iam_role" "copy" {
  name = "${var.name}-${var.env}-production-copy"
  assume_role_policy = templatefile("${path.module}/../../policies/production-trust.json.tftpl", {
    partition       = local.partition
    staging_account = var.staging_account
    task_role_arn   = local.task_role_arn
  })
  tags = var.tags
}

resource "aws_iam_policy" "copy" {
  name = "${var.name}-${var.env}-production-copy"
  tags = var.tags

  policy = templatefile("${path.module}/../../policies/production-copy.json.tftpl", {
    partition      = local.partition
    region         = local.region
    account        = local.account
    env            = var.env
    source_cluster = var.source_cluster
    source_key_arn = var.source_key_arn
    share_key_arn  = aws_kms_key.share.arn
  })
}

resource "aws_iam_role_policy_attachment" "copy" {
  role       = aws_iam_role.copy.name
  policy_arn = aws_iam_policy.copy.arn
}
