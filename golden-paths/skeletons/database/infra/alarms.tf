# What only the cloud can tell; what PostgreSQL tells itself stands in monitoring/rules.yaml.
resource "aws_cloudwatch_metric_alarm" "storage" {
  alarm_name          = "${{ values.name }}: storage is nearly full"
  alarm_description   = "${{ values.repository }}${{ values.blob }}/docs/runbook.md#storage-is-nearly-full"
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main.identifier }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 10 * 1024 * 1024 * 1024
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.pages.arn]
  ok_actions          = [aws_sns_topic.pages.arn]
}

resource "aws_cloudwatch_metric_alarm" "cpu" {
  alarm_name          = "${{ values.name }}: the processor is busy"
  alarm_description   = "${{ values.repository }}${{ values.blob }}/docs/runbook.md#the-processor-is-busy"
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main.identifier }
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
  period              = 300
  evaluation_periods  = 6
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.pages.arn]
  ok_actions          = [aws_sns_topic.pages.arn]
}

resource "aws_cloudwatch_metric_alarm" "replication_slot" {
  alarm_name          = "${{ values.name }}: a replication slot holds back the log"
  alarm_description   = "${{ values.repository }}${{ values.blob }}/docs/runbook.md#a-replication-slot-holds-back-the-log"
  namespace           = "AWS/RDS"
  metric_name         = "OldestReplicationSlotLag"
  dimensions          = { DBInstanceIdentifier = aws_db_instance.main.identifier }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5 * 1024 * 1024 * 1024
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching" # there may be no slot
  alarm_actions       = [aws_sns_topic.pages.arn]
  ok_actions          = [aws_sns_topic.pages.arn]
}

# Fail-overs, failed backups, and what Amazon does to the instance.
resource "aws_db_event_subscription" "main" {
  name             = "${{ values.name }}"
  sns_topic        = aws_sns_topic.pages.arn
  source_type      = "db-instance"
  source_ids       = [aws_db_instance.main.identifier]
  event_categories = ["availability", "backup", "failover", "failure", "low storage", "recovery"]
}

resource "aws_sns_topic" "pages" {
  name              = "${{ values.name }}-pages"
  kms_master_key_id = aws_kms_key.pages.arn
}

# A key of its own: neither CloudWatch nor RDS may use Amazon's key for SNS, and no page would arrive.
resource "aws_kms_key" "pages" {
  description             = "Pages of the database ${{ values.name }}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root" }
      },
      {
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Principal = { Service = ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"] }
      },
    ]
  })
}

data "aws_caller_identity" "current" {}

resource "aws_sns_topic_subscription" "pager" {
  topic_arn = aws_sns_topic.pages.arn
  protocol  = "https"
  endpoint  = var.pager_endpoint
}
