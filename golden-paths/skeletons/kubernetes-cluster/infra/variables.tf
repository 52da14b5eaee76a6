variable "region" {
  type        = string
  description = "Where the cluster runs; it needs three zones there."
  default     = "eu-central-1"
}

variable "cidr" {
  type        = string
  description = "Addresses of the network, a /16 that nothing else uses."
  default     = "10.64.0.0/16"
}

variable "instance_types" {
  type        = list(string)
  description = "Machines of the general node group. Measure, then choose."
  default     = ["m7g.large"]
}

variable "administrators_role_arn" {
  type        = string
  description = "The role of the people who administer the cluster."
}
