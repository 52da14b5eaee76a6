output "endpoint" {
  description = "The API server, reached from inside the network."
  value       = aws_eks_cluster.main.endpoint
}

output "backup_bucket" {
  description = "What the chart of Velero gets as the bucket of its default location."
  value       = aws_s3_bucket.backup.bucket
}
