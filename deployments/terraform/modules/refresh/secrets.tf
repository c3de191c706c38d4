# Secrets without values: those are put in by hand or by a pipeline of yours, so that none is in Terraform's state.

locals {
  env_secrets = merge([
    for env, given in var.environments : merge({
      "${env}/target"   = "Login of the target's master user: JSON with username and password"
      "${env}/root-key" = "Root key of masking: 64 hex digits (openssl rand -hex 32), known to nobody else"
      "${env}/slack"    = "URL of the incoming webhook"
      }, var.mask_pool ? {
      "${env}/signing-key" = "Key that verdicts are signed with: 64 hex digits, made as the root key is"
      } : {}, given.has_vault ? {
      "${env}/vault" = "secret_id of the AppRole that reads the env's secrets in Vault"
    } : {})
  ]...)
}

resource "aws_secretsmanager_secret" "env" {
  #checkov:skip=CKV2_AWS_57:The root key is rotated by masking.rotate, the login by whoever owns the target
  for_each = local.env_secrets

  name                    = "${var.name}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.data.arn
  recovery_window_in_days = 7
  tags                    = var.tags
}

resource "aws_secretsmanager_secret" "prefect" {
  #checkov:skip=CKV2_AWS_57:The server's own password, changed there
  name                    = "${var.name}/prefect"
  description             = "Login to the Prefect server: user:password"
  kms_key_id              = aws_kms_key.operations.arn
  recovery_window_in_days = 7
  tags                    = var.tags
}
