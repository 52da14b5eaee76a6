variable "region" {
  type        = string
  description = "Where the database runs."
  default     = "eu-central-1"
}

variable "vpc_id" {
  type        = string
  description = "The network that it is reached from."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets in at least two zones."

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "A standby needs a subnet in a second zone."
  }
}

variable "client_security_group_ids" {
  type        = set(string)
  description = "Security groups whose members may connect."
}

variable "pager_endpoint" {
  type        = string
  description = "The address at which the paging tool takes notifications of Amazon SNS."
  sensitive   = true
}

variable "instance_class" {
  type        = string
  description = "Measure, then choose."
  default     = "${{ 'db.r7g.large' if values.tier == 't1' else ('db.m7g.large' if values.tier == 't2' else 'db.t4g.medium') }}"
}
