output "address" {
  description = "Where clients connect."
  value       = aws_db_instance.main.address
}

output "master_user_secret_arn" {
  description = "The secret with the administrator's password, which Amazon rotates."
  value       = aws_db_instance.main.master_user_secret[0].secret_arn
}
