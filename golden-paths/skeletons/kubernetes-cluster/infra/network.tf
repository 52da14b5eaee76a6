# A network of its own, in three zones. Nodes are in private subnets, each zone with its own way out.
data "aws_availability_zones" "available" {
  state = "available"
}

resource "aws_vpc" "main" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = "${{ values.name }}" }
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}
{%- for zone in ['a', 'b', 'c'] %}

resource "aws_subnet" "private_${{ zone }}" {
  vpc_id            = aws_vpc.main.id
  availability_zone = data.aws_availability_zones.available.names[${{ loop.index0 }}]
  cidr_block        = cidrsubnet(var.cidr, 4, ${{ loop.index0 }})

  tags = { "kubernetes.io/role/internal-elb" = "1" }
}

resource "aws_subnet" "public_${{ zone }}" {
  vpc_id            = aws_vpc.main.id
  availability_zone = data.aws_availability_zones.available.names[${{ loop.index0 }}]
  cidr_block        = cidrsubnet(var.cidr, 8, ${{ loop.index0 }} + 240)

  tags = { "kubernetes.io/role/elb" = "1" }
}

resource "aws_eip" "${{ zone }}" {
  domain = "vpc"
}

resource "aws_nat_gateway" "${{ zone }}" {
  allocation_id = aws_eip.${{ zone }}.id
  subnet_id     = aws_subnet.public_${{ zone }}.id
}

resource "aws_route_table" "private_${{ zone }}" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.${{ zone }}.id
  }
}

resource "aws_route_table_association" "private_${{ zone }}" {
  subnet_id      = aws_subnet.private_${{ zone }}.id
  route_table_id = aws_route_table.private_${{ zone }}.id
}

resource "aws_route_table_association" "public_${{ zone }}" {
  subnet_id      = aws_subnet.public_${{ zone }}.id
  route_table_id = aws_route_table.public.id
}
{%- endfor %}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
}
