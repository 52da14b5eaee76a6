"""Terraform: blocks read one by one, values resolved within a folder, and databases and clusters made of them."""
