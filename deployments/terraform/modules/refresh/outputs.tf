locals {
  pool = {
    image                              = var.image
    region                             = local.region
    cluster                            = aws_ecs_cluster.refresh.arn
    task_role_arn                      = aws_iam_role.this["task"].arn
    execution_role_arn                 = aws_iam_role.this["execution"].arn
    subnet_ids                         = var.private_subnet_ids
    security_group_ids                 = [aws_security_group.task.id]
    log_group                          = aws_cloudwatch_log_group.refresh["tasks"].name
    prefect_api_url                    = var.prefect_api_url
    prefect_api_auth_string_secret_arn = aws_secretsmanager_secret.prefect.arn
  }
}

output "pool" {
  description = "What deployments/ecs/pool.yaml has to say, for the work pool's base job template."
  value       = local.pool
}

output "mask_pool" {
  description = "What deployments/ecs/mask-pool.yaml has to say, where masking is a job of its own."
  value = !var.mask_pool ? null : merge(local.pool, {
    family             = "refresh-mask"
    task_role_arn      = aws_iam_role.this["mask"].arn
    security_group_ids = [aws_security_group.mask[0].id]
  })
}

output "environments" {
  description = "What an env's file in deployments/environments/ has to say of what was made here."
  value = {
    for env, values in local.of_env : env => merge(!contains(local.apart, env) ? {} : {
      source = {
        aws   = { assume_role_arn = values.production_role_arn }
        share = { kms_key_id = values.source_key_arn, with_account = local.account }
      }
      }, {
      target = { secret = values.target_secret_arn }
      clone = {
        subnet_group       = values.subnet_group
        security_group_ids = [aws_security_group.clone.id]
        parameter_group    = values.parameter_group
        kms_key_id         = values.key_arn
      }
      archive = { bucket = values.bucket, prefix = values.prefix, kms_key_id = values.key_arn }
      masking = merge(
        { root_key_secret = values.root_key_secret_arn },
        var.mask_pool ? { deployment = "mask/mask", signing_key_secret = values.signing_key_secret_arn } : {}
      )
      slack = { webhook_secret = values.slack_secret_arn }
    })
  }
}

output "role_arns" {
  description = "ARNs of the roles: task, mask, execution, worker, and ci and developer where they were asked for."
  value       = { for role, made in aws_iam_role.this : role => made.arn }
}

output "policy_values" {
  description = "What the policies' templates were filled in with, by env: for whoever wants to check them apart."
  value       = local.of_env
}

output "policies" {
  description = "The policies, by role, template and env."
  value       = local.documents
}

output "task_events_queue" {
  description = "The queue that the worker's observer reads."
  value       = aws_sqs_queue.task_events.name
}
