output "role_arn" {
  description = "The role that copies and shares: production_role_arn of the env in staging's refresh module."
  # Its own arn isn't known before it exists, and modules/refresh asks while planning whether there is one.
  value = "arn:${local.partition}:iam::${local.account}:role/${aws_iam_role.copy.name}"
}

output "share_key_arn" {
  description = "The key of the shared copies: source_key_arn of the env in staging's refresh module."
  value       = aws_kms_key.share.arn
}
