# Production's side where it is an account of its own. An automated snapshot can't be shared, nor one under aws/rds:
# this role copies it to a customer's key, shares the copy, and deletes it. It masks nothing, restores nothing, and
# reads no secret; the task role in staging can't share.

data "aws_iam_policy_document" "share_key" {
  #checkov:skip=CKV_AWS_109:A key policy must leave the account in charge, or nobody can change it again
  #checkov:skip=CKV_AWS_111:A key policy's resource is the key itself
  #checkov:skip=CKV_AWS_356:A key policy's resource is the key itself
  statement {
    sid       = "AccountDecides"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  # Staging copies the shared snapshot to its own key, through RDS alone.
  # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/share-encrypted-snapshot.html
  statement {
    sid       = "StagingCopies"
    actions   = ["kms:DescribeKey", "kms:CreateGrant", "kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${var.staging_account}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["rds.${local.region}.amazonaws.com"]
    }
  }
}

resource "aws_kms_key" "share" {
  description             = "${var.name}: copies of ${var.source_cluster}'s snapshots that are shared with ${var.staging_account}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.share_key.json
  tags                    = var.tags
}

resource "aws_kms_alias" "share" {
  name          = "alias/${var.name}-${var.env}-share"
  target_key_id = aws_kms_key.share.key_id
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.copier_principal_arns
    }
  }
}

resource "aws_iam_role" "copy" {
  name               = "${var.name}-${var.env}-production-copy"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
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
