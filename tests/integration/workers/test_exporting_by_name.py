"""Tables and columns of any name can be asked for, and hidden ones by none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from backend.api.config.worker_settings import SourceSettings
from backend.domain.errors import PermanentFailure
from tests.integration.workers.test_exporting_data import exported, rows_of_csv
from tests.workers_at_work import Settings

PEOPLE = """
CREATE SCHEMA staff;
CREATE TABLE people (id int, name text, password text);
CREATE TABLE "People" (id int, "Password" text);
CREATE TABLE staff.people (id int, password text);
CREATE TABLE logins (id int, password text) PARTITION BY RANGE (id);
CREATE TABLE logins_1 PARTITION OF logins FOR VALUES FROM (0) TO (9);
CREATE VIEW everybody AS SELECT * FROM people;
CREATE VIEW everybody_again AS SELECT id, password FROM everybody;
CREATE VIEW renamed AS SELECT id, password AS pw FROM people;
CREATE VIEW computed AS SELECT id, length(password) AS size FROM people;
CREATE VIEW whole AS SELECT p.id, to_json(p) AS everything FROM people p;
CREATE TABLE "Größe der-Äpfel 100%" ("Stück (€)" int, "a:b" text, "-x" bytea, "Sort-Name" text);
INSERT INTO people VALUES (1, 'Ada', 's3cret');
INSERT INTO "People" VALUES (1, 's3cret');
INSERT INTO staff.people VALUES (1, 's3cret');
INSERT INTO logins VALUES (1, 's3cret');
INSERT INTO "Größe der-Äpfel 100%" VALUES (7, 'x', '\\x00ff', 'b'), (8, 'y', '\\x01', 'a');
"""


@pytest.fixture
def people(shop: Settings, shop_url: str) -> Iterator[Settings]:
    """The shop with tables of people, whose passwords are hidden."""
    connection = psycopg2.connect(shop_url.replace("+psycopg2", ""))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE)
        hidden = ("people.password", '"logins".password')
        source = SourceSettings(url=shop_url, tables=("*",), hidden=hidden)
        yield shop.but(sources={"shop": source})
        cursor.execute("DROP VIEW whole, computed, renamed, everybody_again, everybody")
        cursor.execute('DROP TABLE people, "People", logins, "Größe der-Äpfel 100%"')
        cursor.execute("DROP SCHEMA staff CASCADE")
    connection.close()


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("people", ["id", "name"]),
        ("public.people", ["id", "name"]),
        ('"people"', ["id", "name"]),
        ('public."people"', ["id", "name"]),
        ("People", ["id"]),
        ("staff.people", ["id"]),
        ("logins", ["id"]),
        ("logins_1", ["id"]),
        ("everybody", ["id", "name"]),
        ("public.everybody_again", ["id"]),
    ],
)
def test_a_hidden_column_is_hidden_under_every_name(
    people: Settings, table: str, names: list[str]
) -> None:
    _, content = exported(people, table=table)

    assert rows_of_csv(content)[0] == names
    assert b"s3cret" not in content
    asking: dict[str, Any]
    for asking in (
        {"columns": ["password"]},
        {"columns": ["Password"]},
        {"where": [{"column": "password", "value": "s3cret"}]},
        {"order_by": ["-password"]},
    ):
        with pytest.raises(PermanentFailure, match=r"no column '.assword' that may be exported"):
            exported(people, table=table, **asking)


@pytest.mark.parametrize("entry", ["staff.people.password", "STAFF.People.PASSWORD", "password"])
def test_a_schema_may_be_named_with_a_hidden_column(people: Settings, entry: str) -> None:
    source = people.sources["shop"].model_copy(update={"hidden": (entry,)})
    hiding = people.but(sources={"shop": source})

    assert rows_of_csv(exported(hiding, table="staff.people")[1])[0] == ["id"]
    shown = rows_of_csv(exported(hiding, table="public.people")[1])[0]
    assert ("password" in shown) is (entry != "password")


@pytest.mark.parametrize(
    ("view", "what"),
    [
        ("renamed", r"the hidden column people\.password"),
        ("computed", r"the hidden column people\.password"),
        ("whole", "whole rows in whole"),
    ],
)
def test_a_view_that_renames_a_hidden_column_is_for_those_who_listed_it(
    people: Settings, view: str, what: str
) -> None:
    with pytest.raises(PermanentFailure, match=rf"'{view}' reads {what}; .*list it by name"):
        exported(people, table=view)

    source = people.sources["shop"].model_copy(update={"tables": (view,)})
    assert len(rows_of_csv(exported(people.but(sources={"shop": source}), table=view)[1])) == 2


def test_a_hidden_column_is_hidden_in_a_database_that_knows_no_case(
    settings: Settings, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("CREATE TABLE people (id integer, Password text)")
    url = f"sqlite:///{tmp_path / 'a.db'}"
    source = SourceSettings(url=url, tables=("*",), hidden=("people.password",))

    _, content = exported(settings.but(sources={"shop": source}), table="PEOPLE")

    assert rows_of_csv(content)[0] == ["id"]


APPLES = "Größe der-Äpfel 100%"


def test_names_with_blanks_dashes_and_umlauts_can_be_asked_for(people: Settings) -> None:
    result, content = exported(
        people, table=APPLES, columns=["Stück (€)", "a:b"], order_by=["-Stück (€)"],
        where=[{"column": "-x", "op": "in", "value": ["00ff", "01"]}],
    )  # fmt: skip

    assert rows_of_csv(content) == [["Stück (€)", "a:b"], ["8", "y"], ["7", "x"]]
    assert result["artifact"]["name"] == "Größe der-Äpfel 100.csv"
    _, sorted_by_name = exported(
        people, table=f'public."{APPLES}"', columns=["a:b"], order_by=["Sort-Name"]
    )
    assert rows_of_csv(sorted_by_name) == [["a:b"], ["y"], ["x"]]


def test_bytes_are_compared_by_their_hexadecimal_text(people: Settings) -> None:
    _, content = exported(
        people, table=APPLES, columns=["-x"], where=[{"column": "-x", "value": "00FF"}]
    )

    assert rows_of_csv(content) == [["'-x"], ["00ff"]]
    for value in ("xyz", 7):
        with pytest.raises(PermanentFailure, match="column '-x' holds bytes: give them in hexa"):
            exported(people, table=APPLES, where=[{"column": "-x", "value": value}])


@pytest.mark.parametrize(
    "payload",
    [
        {"table": "people; DROP TABLE people"}, {"table": "people--"}, {"table": "people p"},
        {"table": "(SELECT 1)"}, {"table": "pg_sleep(10)"}, {"table": 'public."people; --"'},
        {"table": "people", "columns": ["*"]}, {"table": "people", "columns": ["id, name"]},
        {"table": "people", "columns": ["now()"]}, {"table": "people", "columns": ["id AS x"]},
        {"table": "people", "columns": ["id::text"]}, {"table": "people", "columns": ['id"']},
        {"table": "people", "order_by": ["id; DROP TABLE people"]}, {"table": "people",
        "order_by": ["--id"]}, {"table": "people", "order_by": ["1"]},
        {"table": "people", "where": [{"column": "1=1 OR id", "value": 1}]},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_more_than_a_name_is_no_name_that_is_there(
    people: Settings, payload: dict[str, Any]
) -> None:
    with pytest.raises(PermanentFailure, match=r"there is no table|has no column"):
        exported(people, **payload)
    assert len(rows_of_csv(exported(people, table="people")[1])) == 2


def test_the_end_of_time_can_be_asked_for(shop: Settings) -> None:
    payload = {"column": "placed_at", "op": "<", "value": "infinity"}

    assert len(rows_of_csv(exported(shop, table="orders", where=[payload])[1])) == 3
