# A snapshot outside the refresh, for whoever wants one a day: run Terraform daily with another date. Off by default.

resource "aws_db_cluster_snapshot" "daily" {
  #checkov:skip=CKV_AWS_146:A snapshot is encrypted as its cluster is; there is nothing to set here
  for_each = var.snapshot_date == null ? {} : var.environments

  db_cluster_identifier          = each.value.source_cluster
  db_cluster_snapshot_identifier = "${each.value.source_cluster}-daily-${var.snapshot_date}"
  tags                           = var.tags
}
