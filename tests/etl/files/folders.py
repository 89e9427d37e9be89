"""Small folders of files, what loading them does, and what a database holds afterwards."""

import gzip
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from etl.files.load import FolderLoad, load_folder
from etl.state import TABLES

FILES = {
    "customer_tiers.csv": "id,name\n1,bronze\n2,gold\n",
    "customers.csv": (
        "id,name,cnpj,email,region,tier_id,credit_limit,status,created_at\n"
        "1,Farmácia Boa,11222333000181,compras@boa.example,Sul,1,1500.50,active,2024-01-31T12:00:00-03:00\n"
        "2,Drogaria Nova,12ABC34501DE35,,Norte,,,suspended,2024-02-01T00:00:00Z\n"
    ),
    "categories.csv": "id,name,parent_id\n2,Analgésicos,1\n1,Medicamentos,\n",
    "suppliers.csv": (
        'id,name,cnpj,type,contact_info\n1,Laboratório,11444777000161,manufacturer,"{""email"": ""a@b.example""}"\n'
    ),
    "products.csv": (
        "id,sku,name,category_id,manufacturer_id,is_generic\n1,A-1,Dipirona,2,1,true\n2,A-2,Ibuprofeno,2,1,f\n"
    ),
    "orders.csv": (
        "id,customer_id,order_date,subtotal,tax,shipping_cost,total,notes\n"
        '1,1,2024-03-01T10:00:00-03:00,10.00,1.20,5.00,16.20,"first\nsecond, ""quoted""\n"\n'
        "2,2,2024-03-02T10:00:00-03:00,20.00,2.40,0,22.4,\n"
    ),
    "order_items.csv.gz": "id,order_id,product_id,quantity,unit_price,total\n1,1,1,2,5.00,10.00\n2,2,2,1,20.00,20.00\n",
    "pricing.csv": (
        "id,product_id,customer_tier_id,price,effective_from\n"
        "1,1,,9.90,2024-01-01T00:00:00Z\n2,1,2,8.90,2024-01-01T00:00:00Z\n"
    ),
}
"""A folder that can be loaded: each table of it has something of its own to go wrong."""


class Told:
    """Progress that is kept to be looked at."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.read: dict[str, list[int]] = {}
        self.sizes: dict[str, int] = {}
        self.written: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def reading(self, file: str, done: int, size: int) -> None:
        self.read.setdefault(file, []).append(done)
        self.sizes[file] = size

    def writing(self, table: str, done: int, count: int) -> None:
        self.written.append(table)


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files, compressing those whose names say so."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        content = text.encode() if isinstance(text, str) else text
        (folder / name).write_bytes(
            gzip.compress(content) if name.endswith(".gz") and isinstance(text, str) else content
        )
    return folder


def load(url: str, folder: Path, *, update: bool = False, told: Told | None = None) -> FolderLoad:
    with psycopg.connect(url) as connection:
        return load_folder(connection, folder, told or Told(), update=update)


def content(url: str) -> dict[str, list[str]]:
    """Everything in the entities' tables, and the numbers that the database would give next."""
    with psycopg.connect(url) as connection:
        held = {
            table.name: [
                row
                for (row,) in connection.execute(
                    sql.SQL("select t::text from {} t order by id").format(sql.Identifier(table.name))
                )
            ]
            for table in TABLES
        }
        numbers = connection.execute("select sequencename::text, last_value from pg_sequences order by 1").fetchall()
        state = connection.execute("select key from gateway_state").fetchall()
    return {**held, "numbers": [f"{name} {value}" for name, value in numbers], "state": [key for (key,) in state]}
