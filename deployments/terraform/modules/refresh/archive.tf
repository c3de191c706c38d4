resource "aws_s3_bucket" "archive" {
  #checkov:skip=CKV_AWS_18:Reads of objects are recorded by CloudTrail's data events, where the account has them on
  #checkov:skip=CKV_AWS_144:An archive can be made again; a second region would be a second place to guard
  #checkov:skip=CKV2_AWS_62:Nothing waits for an archive but the refresh that made it
  bucket = var.archive_bucket
  tags   = var.tags
}

resource "aws_s3_bucket_public_access_block" "archive" {
  bucket                  = aws_s3_bucket.archive.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "archive" {
  bucket = aws_s3_bucket.archive.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "archive" {
  bucket = aws_s3_bucket.archive.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id

  rule {
    id     = "archives"
    status = "Enabled"
    filter {}

    expiration {
      days = var.archive_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  # In a rule of its own: one with days can't have it.
  rule {
    id     = "expired-delete-markers"
    status = "Enabled"
    filter {}

    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.archive]
}

resource "aws_s3_bucket_policy" "archive" {
  bucket     = aws_s3_bucket.archive.id
  depends_on = [aws_s3_bucket_public_access_block.archive]

  policy = templatefile("${local.policies}/archive-bucket.json.tftpl", {
    partition = local.partition
    bucket    = aws_s3_bucket.archive.id
    key_arn   = aws_kms_key.data.arn
  })
}
