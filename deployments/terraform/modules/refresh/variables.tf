variable "name" {
  description = "What the installation is called; names of what is made begin with it."
  type        = string
  default     = "refresh"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,20}$", var.name))
    error_message = "At most 21 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "environments" {
  description = <<-EOT
    The envs, by the name of their file in deployments/environments/.
    source_key_arn: the KMS key that the source's snapshots are encrypted with. A customer's key: AWS's own aws/rds can
    neither be granted nor shared. Where production is an account of its own: the key of what is shared.
    production_role_arn: where production is an account of its own, the role there that copies and shares.
    target_iam_user, target_resource_id: a database user of the target who logs in by IAM (target.iam_user in the env's
    file), and the target's DbClusterResourceId, cluster-….
    has_vault: whether the env's file has a `vault` section; a secret for the AppRole's secret_id is made then.
  EOT
  type = map(object({
    source_cluster           = string
    source_key_arn           = string
    target_cluster           = string
    target_security_group_id = string
    postgresql_major         = optional(number, 17)
    target_iam_user          = optional(string)
    target_resource_id       = optional(string)
    has_vault                = optional(bool, false)
    production_role_arn      = optional(string)
  }))

  validation {
    condition     = alltrue([for env, _ in var.environments : can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", env))])
    error_message = "An env's name is small letters, digits and single hyphens."
  }

  validation {
    condition     = alltrue([for env in var.environments : env.source_cluster != env.target_cluster])
    error_message = "An env's source and target are the same cluster."
  }

  validation {
    condition = alltrue([for env in var.environments :
      env.target_iam_user == null ? env.target_resource_id == null :
      can(regex("^cluster-[A-Z0-9]+$", env.target_resource_id)) && can(regex("^[^*?/]+$", env.target_iam_user))
    ])
    error_message = "target_iam_user needs target_resource_id beside it (cluster-…), and neither has a wildcard."
  }
}

variable "vpc_id" {
  description = "VPC of the clones and of the tasks, from which the targets can be reached."
  type        = string
}

variable "private_subnet_ids" {
  description = "Subnets without a route from the internet, in two zones at least."
  type        = list(string)
}

variable "https_destinations" {
  description = "CIDR blocks of AWS's endpoints (VPC endpoints) and of the Prefect server."
  type        = list(string)
}

variable "archive_bucket" {
  description = "Name of the bucket for archives, which is made."
  type        = string
}

variable "archive_prefix" {
  description = "As archive.prefix in the env's file."
  type        = string
  default     = "refresh"
}

variable "archive_days" {
  description = "After so many days an archive expires, whatever its env's keep_days say: the last line of defence."
  type        = number
  default     = 30
}

variable "image" {
  description = "The image of the worker and of the flows, by digest: a tag can be moved to another image."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest: …@sha256:…"
  }
}

variable "repository_arn" {
  description = "ARN of the ECR repository that the image is in."
  type        = string
}

variable "prefect_api_url" {
  description = "Of the Prefect server that is masking's alone: https://…/api."
  type        = string
}

variable "log_days" {
  description = "How long the tasks' logs are kept."
  type        = number
  default     = 365
}

variable "worker_count" {
  description = "Workers that poll the pool. 0 stops refreshes from starting."
  type        = number
  default     = 1
}

variable "mask_pool" {
  description = <<-EOT
    Whether masking is a job of its own, in a work pool called {name}-mask: its role reaches the clone alone, and then the
    task role can't read the root key. Every env's file has to say `masking: {deployment: mask/mask}`.
  EOT
  type        = bool
  default     = false
}

variable "starts" {
  description = <<-EOT
    What EventBridge starts, each by a function of its own; none by default. deployment: such as refresh/ci. parameters: its
    parameters as JSON, such as {"env": "staging"}; event_parameters: names of those that an event may set by its
    detail.parameters. And when: schedule, such as cron(0 4 * * ? *), or event_pattern, as JSON.
  EOT
  type = map(object({
    deployment       = string
    parameters       = optional(string, "{}")
    event_parameters = optional(list(string), [])
    schedule         = optional(string)
    event_pattern    = optional(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for start in var.starts : (start.schedule == null) != (start.event_pattern == null)])
    error_message = "Each has either a schedule or an event_pattern."
  }

  validation {
    condition     = alltrue([for start in var.starts : can(keys(jsondecode(start.parameters)))])
    error_message = "parameters is a JSON object."
  }
}

variable "start_package" {
  description = "Path of the functions' zip, which docs/triggers.md says how to make; needed with starts."
  type        = string
  default     = null
}

variable "github_repository" {
  description = "owner/name whose main branch may start deployments by OIDC; none makes no role for CI."
  type        = string
  default     = null
}

variable "github_oidc_provider_arn" {
  description = "The account's OIDC provider of token.actions.githubusercontent.com; needed with github_repository."
  type        = string
  default     = null
}

variable "developer_principal_arns" {
  description = "Who may take the role that reads masked archives; none makes no such role."
  type        = list(string)
  default     = []
}

variable "snapshot_date" {
  description = <<-EOT
    A date such as 2026-01-31 makes a snapshot of each source of that name, outside the refresh. Off by default: a
    refresh takes its own. It is an input, because a timestamp() here would make another snapshot at each plan.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.snapshot_date == null || can(regex("^\\d{4}-\\d{2}-\\d{2}$", var.snapshot_date))
    error_message = "A date such as 2026-01-31."
  }
}

variable "tags" {
  description = "Tags of all that is made. refresh:managed-by isn't for them: the janitor deletes what has it."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key, _ in var.tags : !startswith(key, "refresh:")])
    error_message = "Tags that begin with refresh: mark what a refresh makes and deletes."
  }
}
