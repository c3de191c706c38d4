# Production in an account of its own: its side copies a snapshot to a key that staging may use, and shares the copy.
# Staging's task role takes production's role for that, and may share nothing as itself.

provider "aws" {
  alias   = "production"
  region  = var.region
  profile = var.production_profile
}

provider "aws" {
  alias   = "staging"
  region  = var.region
  profile = var.staging_profile
}

variable "region" {
  description = "Of the clusters: a snapshot is restored in its own region."
  type        = string
  default     = "eu-west-1"
}

variable "production_profile" {
  description = "AWS profile of production's account."
  type        = string
  default     = null
}

variable "staging_profile" {
  description = "AWS profile of staging's account."
  type        = string
  default     = null
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
  description = "The key that production is encrypted with; aws/rds will do."
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

data "aws_caller_identity" "staging" {
  provider = aws.staging
}

module "production" {
  source    = "../../modules/production"
  providers = { aws = aws.production }

  env             = "staging"
  source_cluster  = "shop-production"
  source_key_arn  = var.source_key_arn
  staging_account = data.aws_caller_identity.staging.account_id
}

module "refresh" {
  source    = "../../modules/refresh"
  providers = { aws = aws.staging }

  vpc_id             = var.vpc_id
  private_subnet_ids = var.private_subnet_ids
  https_destinations = ["10.0.0.0/8"]
  archive_bucket     = var.archive_bucket
  image              = var.image
  repository_arn     = "arn:aws:ecr:${var.region}:${data.aws_caller_identity.staging.account_id}:repository/refresh"
  prefect_api_url    = "https://prefect.internal.example.com/api"

  environments = {
    staging = {
      source_cluster           = "shop-production"
      source_key_arn           = module.production.share_key_arn
      production_role_arn      = module.production.role_arn
      target_cluster           = "shop-staging"
      target_security_group_id = var.target_security_group_id
    }
  }
}

output "production_role_arn" {
  description = "The role that copies and shares."
  value       = module.production.role_arn
}

output "pool" {
  description = "For deployments/ecs/pool.yaml."
  value       = module.refresh.pool
}

output "environments" {
  description = "For deployments/environments/."
  value       = module.refresh.environments
}
