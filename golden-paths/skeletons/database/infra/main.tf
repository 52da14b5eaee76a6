resource "aws_db_instance" "main" {
  identifier     = "${{ values.name }}"
  engine         = "postgres"
  engine_version = "17"
  instance_class = var.instance_class

  # Comes back: to any moment of the last {% if values.tier == 't1' %}35{% else %}14{% endif %} days, and not by mistake gone.
  backup_retention_period   = ${{ '35' if values.tier == 't1' else '14' }}
  backup_window             = "01:00-02:00"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = true
  skip_final_snapshot       = false
  final_snapshot_identifier = "${{ values.name }}-final"

{%- if values.tier == 't3' %}

  # One zone: at tier 3 an hour without it is borne. Tiers 1 and 2 have a standby in a second one.
  multi_az = false
{%- else %}

  # Survives the loss of a zone.
  multi_az = true
{%- endif %}

  # Kept up to date, at a time that was agreed.
  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = false
  apply_immediately           = false
  maintenance_window          = "tue:02:30-tue:03:30"

  # Private and encrypted, on the disk and on the wire.
  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.main.arn
  publicly_accessible                 = false
  db_subnet_group_name                = aws_db_subnet_group.main.name
  vpc_security_group_ids              = [aws_security_group.main.id]
  parameter_group_name                = aws_db_parameter_group.main.name
  username                            = "administrator"
  manage_master_user_password         = true
  iam_database_authentication_enabled = true

  # Grows before it is full; an alarm tells when even that comes to its end.
  storage_type          = "gp3"
  allocated_storage     = 100
  max_allocated_storage = 1000

  # Seen.
  performance_insights_enabled    = true
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_db_parameter_group" "main" {
  name_prefix = "${{ values.name }}-"
  family      = "postgres17"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  parameter {
    name  = "idle_in_transaction_session_timeout"
    value = "300000"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_subnet_group" "main" {
  name       = "${{ values.name }}"
  subnet_ids = var.subnet_ids
}

resource "aws_security_group" "main" {
  name_prefix = "${{ values.name }}-"
  description = "Who may connect to the database ${{ values.name }}"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.client_security_group_ids

  security_group_id            = aws_security_group.main.id
  referenced_security_group_id = each.value
  description                  = "PostgreSQL"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_kms_key" "main" {
  description             = "Storage and backups of the database ${{ values.name }}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_iam_role" "monitoring" {
  name = "${{ values.name }}-monitoring"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}
