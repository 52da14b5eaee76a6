"""Databases as Terraform declares them: providers' defaults, values resolved in a folder, everything else unknown."""

from __future__ import annotations

import json
import time

import pytest
from terraform_files import database, made, unreadable

from app.facts import codec
from app.formats import reading
from app.formats.infrastructure import CloudAlarm, Database
from app.formats.terraform.evaluate import Hidden, Scope
from app.formats.terraform.model import TerraformFile


def rds(more: str = "", name: str = "orders") -> str:
    return f'resource "aws_db_instance" "{name}" {{\n  engine = "postgres"\n{more}\n}}\n'


def test_an_rds_instance_without_settings_has_the_providers_defaults() -> None:
    found = database(rds())
    assert (found.name, found.format, found.address, found.line) == (
        "orders",
        "aws_db_instance",
        "aws_db_instance.orders",
        1,
    )
    assert (found.backup_days, found.point_in_time, found.high_availability) == (0, False, False)
    assert (found.deletion_protected, found.public, found.encryption) == (False, False, "no")
    assert (found.maintenance_window, found.minor_upgrades, found.replica, found.unknown) == (False, True, False, {})


def test_a_well_kept_rds_instance() -> None:
    found = database(
        rds(
            'identifier = "orders-db"\nengine_version = "16.4"\nbackup_retention_period = 14\nmulti_az = true\n'
            'deletion_protection = true\nstorage_encrypted = true\nmaintenance_window = "sun:03:00-sun:04:00"\n'
            'tags = { service = "orders", Owner = "pay" }'
        )
    )
    assert (found.name, found.version, found.backup_days, found.point_in_time) == ("orders-db", "16.4", 14, True)
    assert (found.high_availability, found.deletion_protected, found.encryption) == (True, True, "yes")
    assert found.maintenance_window
    assert found.labels == {"service": "orders", "Owner": "pay"}


def test_prevent_destroy_protects_too() -> None:
    assert database(rds("lifecycle {\n prevent_destroy = true\n}")).deletion_protected


def test_a_replica_is_told_by_what_it_copies() -> None:
    assert database(rds("replicate_source_db = aws_db_instance.main.arn")).replica
    assert not database(rds('replicate_source_db = ""')).replica


def test_variables_locals_and_conditions_are_resolved_within_the_folder() -> None:
    files = {
        "db/main.tf": rds('backup_retention_period = local.days\nmulti_az = var.environment == "prod"'),
        "db/variables.tf": 'variable "environment" {\n  default = "prod"\n}\nvariable "extra" {\n  default = 3\n}\n',
        "db/locals.tf": 'locals {\n  days = var.environment == "prod" ? 7 + var.extra : 1\n}\n',
    }
    found = database(files)
    assert (found.backup_days, found.high_availability, found.environment) == (10, True, "db")


@pytest.mark.parametrize(
    ("tfvars", "days", "environment"),
    [
        ({"terraform.tfvars": "days = 9\n"}, 9, "."),
        ({"a.auto.tfvars": "days = 8\n"}, 8, "."),
        ({"prod.tfvars": "days = 30\n", "staging.tfvars": "days = 1\n"}, 30, "prod.tfvars"),
        ({"envs/production/main.tfvars": "days = 31\n"}, 31, "envs/production/main.tfvars"),
        ({"terraform.tfvars": "days = 9\n", "prod.tfvars": "other = 1\n"}, 9, "prod.tfvars"),
    ],
)
def test_production_variables_come_first(tfvars: dict[str, str], days: int, environment: str) -> None:
    found = database({"main.tf": rds("backup_retention_period = var.days") + 'variable "days" {}\n', **tfvars})
    assert (found.backup_days, found.environment) == (days, environment)


def test_a_number_that_no_rule_can_count_to_is_none():
    assert database(rds("backup_retention_period = 1e+308")).backup_days == 0
    assert database(rds("backup_retention_period = 9223372036854775807")).backup_days == 0
    assert database(rds("backup_retention_period = 35")).backup_days == 35


def test_a_variable_without_a_value_makes_unknown_what_rests_on_it() -> None:
    found = database(rds("backup_retention_period = var.days\nmulti_az = data.x.y.z") + 'variable "days" {}\n')
    assert found.unknown == {
        "backup_days": "var.days has no value here",
        "point_in_time": "var.days has no value here",
        "high_availability": "data.x.y is not known here",
    }


CALL = 'module "orders" {\n source = "../../modules/db"\n name = "orders-db"\n %s\n}\n'


def test_a_local_module_is_followed_with_its_arguments_and_judged_where_it_is_called() -> None:
    files = {
        "modules/db/main.tf": rds(
            "identifier = var.name\nbackup_retention_period = var.days\nmulti_az = var.ha", "this"
        )
        + 'variable "name" {}\nvariable "days" {\n default = 1\n}\nvariable "ha" {\n default = false\n}\n',
        "envs/prod/main.tf": CALL % "days = 14\n ha = true",
        "envs/dev/main.tf": CALL % "",
    }
    found = dict(made(files, Database))
    production, development = found["envs/prod/main.tf"], found["envs/dev/main.tf"]
    assert (production.name, production.backup_days, production.high_availability) == ("orders-db", 14, True)
    assert (production.address, production.line) == ("module.orders.aws_db_instance.this", 1)
    assert (production.ignored, development.backup_days) == ("", 1)
    assert development.ignored == "is for another stage; production's is judged"


def test_a_published_module_hides_what_it_makes() -> None:
    told = unreadable('module "db" {\n  source = "terraform-aws-modules/rds/aws"\n}\n')
    assert [(one.group, one.line, one.reason) for one in told] == [
        ("database", 1, "it is made by the module terraform-aws-modules/rds/aws, which is not followed")
    ]
    assert unreadable('module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n') == []


@pytest.mark.parametrize(("count", "exists"), [("0", 0), ("1", 1), ("var.on ? 1 : 0", 0), ("var.unset", 1)])
def test_what_is_counted_away_does_not_exist(count: str, exists: int) -> None:
    text = rds(f"count = {count}") + 'variable "on" {\n default = false\n}\nvariable "unset" {}\n'
    assert len(made(text, Database)) == exists


AURORA = 'resource "aws_rds_cluster" "main" {\n  cluster_identifier = "orders"\n  engine = "aurora-postgresql"\n%s\n}\n'
MEMBER = 'resource "aws_rds_cluster_instance" "%s" {\n  cluster_identifier = aws_rds_cluster.main.id\n  %s\n}\n'


@pytest.mark.parametrize(
    ("members", "available"),
    [
        ([], False),
        (["count = 1"], False),
        (["count = 2"], True),
        (["", ""], True),
        (['for_each = toset(["a", "b"])'], True),
    ],
)
def test_aurora_needs_two_instances(members: list[str], available: bool) -> None:
    text = AURORA % "" + "".join(MEMBER % (f"i{n}", more) for n, more in enumerate(members))
    found = database(text)
    assert (found.high_availability, found.backup_days, found.unknown) == (available, 1, {})


def test_how_many_aurora_instances_there_are_may_be_unknown() -> None:
    found = database(AURORA % "" + MEMBER % ("i", "count = var.n") + 'variable "n" {}\n')
    assert "high_availability" in found.unknown


def test_one_public_instance_makes_a_cluster_public() -> None:
    assert database(AURORA % "" + MEMBER % ("a", "publicly_accessible = true")).public


def test_instances_of_another_cluster_do_not_count() -> None:
    other = MEMBER.replace("aws_rds_cluster.main", "aws_rds_cluster.other") % ("a", "count = 5")
    assert not database(AURORA % "" + other).high_availability


def test_dynamodb_is_managed_but_for_its_backups() -> None:
    table = 'resource "aws_dynamodb_table" "t" {\n  name = "orders"\n%s\n}\n'
    bare = database(table % "")
    assert (bare.high_availability, bare.encryption, bare.backup_days, bare.deletion_protected) == (
        True,
        "yes",
        0,
        False,
    )
    kept = database(table % "deletion_protection_enabled = true\npoint_in_time_recovery {\n enabled = true\n}")
    assert (kept.backup_days, kept.point_in_time, kept.deletion_protected) == (35, True, True)


SQL = (
    'resource "google_sql_database_instance" "m" {\n  database_version = "POSTGRES_15"\n%s\n  settings {\n%s\n  }\n}\n'
)


def test_cloud_sql_is_public_unless_said_and_protected_by_terraform() -> None:
    found = database(SQL % ("", 'tier = "x"'))
    assert (found.engine, found.version, found.public, found.deletion_protected) == ("postgres", "15", True, True)
    assert (found.backup_days, found.high_availability, found.encryption) == (0, False, "yes")


def test_a_well_kept_cloud_sql_instance() -> None:
    settings = """
      availability_type = "REGIONAL"
      backup_configuration {
        enabled = true
        point_in_time_recovery_enabled = true
        backup_retention_settings {
          retained_backups = 30
        }
      }
      ip_configuration {
        ipv4_enabled = false
      }
      maintenance_window {
        day = 7
      }
    """
    found = database(SQL % ("deletion_protection = false", settings))
    assert (found.backup_days, found.point_in_time, found.high_availability) == (30, True, True)
    assert (found.public, found.maintenance_window, found.deletion_protected) == (False, True, False)


def test_a_block_that_is_written_dynamically_is_unknown() -> None:
    dynamic = 'dynamic "backup_configuration" {\n for_each = [1]\n content {\n enabled = true\n}\n}'
    assert database(SQL % ("", dynamic)).unknown["backup_days"] == "backup_configuration is written by a dynamic block"


def test_an_azure_server_is_private_within_a_subnet_and_protected_by_a_lock() -> None:
    server = (
        'resource "azurerm_postgresql_flexible_server" "m" {\n  name = "orders"\n  version = "16"\n'
        '  delegated_subnet_id = azurerm_subnet.x.id\n  high_availability {\n mode = "ZoneRedundant"\n }\n}\n'
        'resource "azurerm_management_lock" "l" {\n  scope = azurerm_postgresql_flexible_server.m.id\n}\n'
    )
    found = database(server)
    assert (found.engine, found.backup_days, found.public) == ("postgres", 7, False)
    assert (found.high_availability, found.deletion_protected) == (True, True)
    open_ = database('resource "azurerm_mysql_flexible_server" "m" {\n  name = "x"\n}\n')
    assert (open_.engine, open_.public, open_.deletion_protected) == ("mysql", True, False)


def test_alarms_of_a_cloud_keep_their_metrics() -> None:
    text = (
        'resource "aws_cloudwatch_metric_alarm" "s" {\n  alarm_name = "full"\n  namespace = "AWS/RDS"\n'
        '  metric_name = "FreeStorageSpace"\n  alarm_actions = [aws_sns_topic.x.arn]\n}\n'
        'resource "google_monitoring_alert_policy" "g" {\n  display_name = "busy"\n  conditions {\n'
        '    condition_threshold {\n      filter = "metric.type=\\"cloudsql.googleapis.com/database/disk/quota\\""\n'
        "    }\n  }\n}\n"
    )
    found = {one.name: (one.metrics, one.actions) for _, one in made(text, CloudAlarm)}
    assert found == {
        "full": (("aws/rds", "freestoragespace"), True),
        "busy": (('metric.type="cloudsql.googleapis.com/database/disk/quota"',), False),
    }


def test_nothing_secret_is_kept() -> None:
    secret = "correct-horse-battery"
    text = (
        rds(f'password = "{secret}"\nmaster_password = "{secret}"')
        + f'variable "db_password" {{\n  default = "{secret}"\n}}\nlocals {{\n  api_key = "{secret}"\n}}\n'
    )
    (part,) = reading.read("main.tf", text.encode()).objects
    assert isinstance(part, TerraformFile)
    assert secret not in json.dumps(codec.encode(part))
    (values,) = reading.read("prod.tfvars", f'db_password = "{secret}"\ndays = 3\n'.encode()).objects
    assert secret not in json.dumps(codec.encode(values))


def test_a_broken_block_costs_only_itself() -> None:
    text = rds().replace("engine =", "engine ==") + rds(name="fine")
    assert [one.name for _, one in made(text, Database)] == ["fine"]
    assert [(one.group, one.line) for one in unreadable(text)] == [("database", 1)]


def test_a_database_survives_the_store() -> None:
    found = database(rds("multi_az = var.x"))
    assert codec.decode(Database, json.loads(json.dumps(codec.encode(found)))) == found


def value(text: str, **local_values: object) -> object:
    from app.formats.terraform import hcl

    (block,) = hcl.parse(f"x {{\n a = {text}\n}}\n").blocks
    return Scope({}, {}, local_values).value(block.body.attributes["a"][1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('merge({ a = 1 }, { b = 2 })["b"]', 2),
        ('lookup({ a = 1 }, "b", 5)', 5),
        ('coalesce("", "x")', "x"),
        ("try(var.none, 3)", 3),
        ('contains(["a", "b"], "b")', True),
        ('join("-", ["a", 1, true])', "a-1-true"),
        ('length(["a", "b"])', 2),
        ("max(1, 3, 2)", 3),
        ('element(["a", "b"], 3)', "b"),
        ('"${true ? "x" : "y"}-z"', "x-z"),
        ("7 % 4 >= 3", True),
        ("[1, 2][1]", 2),
        ("false && var.none", False),
    ],
)
def test_functions_that_only_shape_values_are_evaluated(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text", ['file("x")', "var.none", "1 / 0", '"a" + 1', "[1][5]", "local.missing", "element([], 0)"]
)
def test_everything_else_is_hidden_with_a_reason(text: str) -> None:
    found = value(text)
    assert isinstance(found, Hidden)
    assert found.reason


def test_locals_that_rest_on_themselves_or_double_at_each_step_end_soon() -> None:
    doubling = "".join(f"  l{n} = [local.l{n + 1}, local.l{n + 1}]\n" for n in range(30))
    text = f"locals {{\n  loop = local.loop\n  l30 = [1]\n{doubling}}}\n"
    started = time.monotonic()
    found = database(
        text
        + rds(
            "multi_az = local.loop\nbackup_retention_period = length(local.l0)\n"
            "publicly_accessible = local.l0 == local.l1"
        )
    )
    assert found.unknown["high_availability"] == "local.loop rests on itself"
    assert time.monotonic() - started < 5


def test_modules_that_call_each_other_end() -> None:
    files = {
        "a/main.tf": 'module "b" {\n source = "../b"\n}\nmodule "c" {\n source = "../b"\n}\n',
        "b/main.tf": 'module "a" {\n source = "../a"\n}\nmodule "d" {\n source = "../a"\n}\n' + rds(),
        "root/main.tf": 'module "a" {\n source = "../a"\n}\n',
    }
    started = time.monotonic()
    assert len(made(files, Database)) == 2
    assert time.monotonic() - started < 5
