output "role_arn" {
  description = "The role that copies and shares: production_role_arn of the env in staging's refresh module."
  value       = aws_iam_role.copy.arn
}

output "share_key_arn" {
  description = "The key of the shared copies: source_key_arn of the env in staging's refresh module."
  value       = aws_kms_key.share.arn
}
