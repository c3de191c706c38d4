variable "name" {
  description = "As in the refresh module."
  type        = string
  default     = "refresh"
}

variable "env" {
  description = "The env that the copies are for."
  type        = string
}

variable "source_cluster" {
  description = "The production cluster that is snapshotted, or whose automated snapshots are copied."
  type        = string
}

variable "source_key_arn" {
  description = "The key that its snapshots are encrypted with; AWS's own aws/rds will do here."
  type        = string
}

variable "staging_account" {
  description = "Account that a copy is shared with, and no other. Its role {name}-task may take the role here."
  type        = string

  validation {
    condition     = can(regex("^\\d{12}$", var.staging_account))
    error_message = "An account is twelve digits."
  }
}

variable "tags" {
  description = "Tags of all that is made."
  type        = map(string)
  default     = {}
}
