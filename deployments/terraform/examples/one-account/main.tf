# Production and staging in one account. Keep the state in a bucket of yours: a `backend "s3"` block belongs here.

provider "aws" {
  region = var.region
}

variable "region" {
  description = "Of the clusters."
  type        = string
  default     = "eu-west-1"
}

variable "vpc_id" {
  description = "VPC of the target."
  type        = string
}

variable "private_subnet_ids" {
  description = "Its private subnets."
  type        = list(string)
}

variable "target_security_group_id" {
  description = "Security group of the target's cluster."
  type        = string
}

variable "source_key_arn" {
  description = "The key that production is encrypted with."
  type        = string
}

variable "archive_bucket" {
  description = "A bucket name that nobody has."
  type        = string
}

variable "image" {
  description = "The image that was built from deployments/ecs/Dockerfile, by digest."
  type        = string
}

variable "developer_principal_arns" {
  description = "Who may read masked archives."
  type        = list(string)
  default     = []
}

data "aws_caller_identity" "current" {}

module "refresh" {
  source = "../../modules/refresh"

  vpc_id                   = var.vpc_id
  private_subnet_ids       = var.private_subnet_ids
  https_destinations       = ["10.0.0.0/8"]
  archive_bucket           = var.archive_bucket
  image                    = var.image
  repository_arn           = "arn:aws:ecr:${var.region}:${data.aws_caller_identity.current.account_id}:repository/refresh"
  prefect_api_url          = "https://prefect.internal.example.com/api"
  developer_principal_arns = var.developer_principal_arns

  environments = {
    staging = {
      source_cluster           = "shop-production"
      source_key_arn           = var.source_key_arn
      target_cluster           = "shop-staging"
      target_security_group_id = var.target_security_group_id
    }
  }
}

output "pool" {
  description = "For deployments/ecs/pool.yaml."
  value       = module.refresh.pool
}

output "environments" {
  description = "For deployments/environments/."
  value       = module.refresh.environments
}

output "role_arns" {
  description = "The roles."
  value       = module.refresh.role_arns
}

output "policies" {
  description = "Their policies, for a reviewer."
  value       = module.refresh.policies
}

output "policy_values" {
  description = "What they were filled in with."
  value       = module.refresh.policy_values
}
