"""The operational tables, and what the gateway notes about the database itself."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MONEY = sa.Numeric(14, 2)
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "categories",
        _key(),
        _column("name", sa.Text, "Name of the group."),
        _link("categories", "parent_id", "categories", nullable=True),
        comment="A group of medicines, possibly within another.",
    )
    op.create_index(op.f("categories_parent_id_id_idx"), "categories", ["parent_id", "id"])
    op.create_table(
        "customer_tiers",
        _key(),
        _column("name", sa.Text, "Name of the tier."),
        sa.UniqueConstraint("name", name=op.f("customer_tiers_name_key")),
        _words("customer_tiers", "name", "bronze", "silver", "gold", "platinum"),
        comment="A class of pharmacies that pay the same prices.",
    )
    op.create_table(
        "suppliers",
        _key(),
        _column("name", sa.Text, "Registered name."),
        _column("cnpj", sa.Text, "Number in the national register of companies, 14 characters without punctuation."),
        _column("type", sa.Text, "What the supplier does."),
        _column("contact_info", JSONB, "Whom to reach and how.", nullable=True),
        _column("payment_terms", sa.Text, "Days to pay: `30d`.", nullable=True),
        _column("region", sa.Text, "Region of Brazil.", nullable=True),
        _column("status", sa.Text, "Whether we buy from the supplier.", default="'active'"),
        _column("created_at", _TIME, "When the row was made.", default="now()"),
        _column("updated_at", _TIME, "When the row was last changed.", default="now()"),
        sa.UniqueConstraint("cnpj", name=op.f("suppliers_cnpj_key")),
        _words("suppliers", "type", "manufacturer", "distributor"),
        _words("suppliers", "status", "active", "inactive"),
        comment="A laboratory or distributor that Cienty buys from.",
    )
    op.create_table(
        "warehouses",
        _key(),
        _column("name", sa.Text, "Name of the centre."),
        _column("city", sa.Text, "City.", nullable=True),
        _column("state", sa.Text, "State, by its two letters: `SP`.", nullable=True),
        comment="A distribution centre of Cienty.",
    )
    op.create_table(
        "customers",
        _key(),
        _column("name", sa.Text, "Trade name."),
        _column("cnpj", sa.Text, "Number in the national register of companies, 14 characters without punctuation."),
        _column("email", sa.Text, "Address of the purchasing desk.", nullable=True),
        _column("phone", sa.Text, "Telephone, with country code.", nullable=True),
        _column("address", sa.Text, "Street, number and CEP.", nullable=True),
        _column("city", sa.Text, "City.", nullable=True),
        _column("state", sa.Text, "State, by its two letters: `SP`.", nullable=True),
        _column("region", sa.Text, "Region of Brazil: `Norte`, `Nordeste`, `Centro-Oeste`, `Sudeste` or `Sul`."),
        _link("customers", "tier_id", "customer_tiers", nullable=True),
        _column("credit_limit", _MONEY, "How much may be owed, in BRL.", nullable=True),
        _column("payment_terms", sa.Text, "Days to pay: `30d`.", nullable=True),
        _column("status", sa.Text, "Whether the pharmacy may order.", default="'active'"),
        _column("created_at", _TIME, "When the pharmacy became a customer.", default="now()"),
        _column("updated_at", _TIME, "When the row was last changed.", default="now()"),
        sa.UniqueConstraint("cnpj", name=op.f("customers_cnpj_key")),
        _words("customers", "status", "active", "inactive", "suspended"),
        comment="A pharmacy that buys from Cienty.",
    )
    op.create_index(op.f("customers_tier_id_id_idx"), "customers", ["tier_id", "id"])
    op.create_table(
        "products",
        _key(),
        _column("sku", sa.Text, "Our stock-keeping code."),
        _column("name", sa.Text, "Commercial name."),
        _column("description", sa.Text, "Substance and presentation in full.", nullable=True),
        _link("products", "category_id", "categories", nullable=True),
        _link("products", "manufacturer_id", "suppliers", nullable=True),
        _column("active_ingredient", sa.Text, "Active substances, separated by `;`.", nullable=True),
        _column("dosage", sa.Text, "Strength of a dose: `500 MG`.", nullable=True),
        _column("package_size", sa.Text, "What a package holds: `COM CT BL X 20`.", nullable=True),
        _column("regulatory_code", sa.Text, "Registration with Anvisa.", nullable=True),
        _column("is_generic", sa.Boolean, "Whether it is a generic by law 9.787/1999.", default="false"),
        _column("status", sa.Text, "Whether the medicine is sold.", default="'active'"),
        _column("created_at", _TIME, "When the row was made.", default="now()"),
        _column("updated_at", _TIME, "When the row was last changed.", default="now()"),
        sa.UniqueConstraint("sku", name=op.f("products_sku_key")),
        _words("products", "status", "active", "discontinued"),
        comment="A presentation of a medicine: one substance, dose and package of one laboratory.",
    )
    op.create_index(op.f("products_category_id_id_idx"), "products", ["category_id", "id"])
    op.create_index(op.f("products_manufacturer_id_id_idx"), "products", ["manufacturer_id", "id"])
    op.create_table(
        "inventory",
        _key(),
        _link("inventory", "product_id", "products"),
        _link("inventory", "warehouse_id", "warehouses"),
        _column("quantity_available", sa.Integer, "Packages that may be sold."),
        _column("quantity_reserved", sa.Integer, "Packages promised to orders.", default="0"),
        _column("quantity_incoming", sa.Integer, "Packages ordered from suppliers.", default="0"),
        _column("reorder_point", sa.Integer, "Number of packages below which to reorder.", default="0"),
        _column("last_updated", _TIME, "When the stock was last counted or moved.", default="now()"),
        sa.UniqueConstraint("product_id", "warehouse_id", name=op.f("inventory_product_id_warehouse_id_key")),
        comment="Stock of one medicine in one warehouse, in packages.",
    )
    op.create_index(op.f("inventory_product_id_id_idx"), "inventory", ["product_id", "id"])
    op.create_index(op.f("inventory_warehouse_id_id_idx"), "inventory", ["warehouse_id", "id"])
    op.create_table(
        "orders",
        _key(),
        _link("orders", "customer_id", "customers"),
        _column("order_date", _TIME, "When the pharmacy ordered."),
        _column("status", sa.Text, "Where the order stands.", default="'pending'"),
        _column("subtotal", _MONEY, "Sum of the lines before tax and freight, in BRL."),
        _column("tax", _MONEY, "Taxes on the lines, in BRL."),
        _column("shipping_cost", _MONEY, "Freight, in BRL."),
        _column("total", _MONEY, "What the pharmacy pays, in BRL."),
        _column("payment_method", sa.Text, "How the pharmacy pays: `boleto`, `credit_card`, `pix`…", nullable=True),
        _column("payment_status", sa.Text, "Where the payment stands.", default="'pending'"),
        _column(
            "shipping_address", sa.Text, "Where the order goes, if not to the pharmacy's own address.", nullable=True
        ),
        _column("notes", sa.Text, "Written by the sales desk.", nullable=True),
        _column("shipped_at", _TIME, "When the carrier took it.", nullable=True),
        _column("delivered_at", _TIME, "When the pharmacy received it.", nullable=True),
        _column("promised_at", _TIME, "When delivery was promised for.", nullable=True),
        _column("created_at", _TIME, "When the row was made.", default="now()"),
        _column("updated_at", _TIME, "When the row was last changed.", default="now()"),
        _words("orders", "status", "pending", "confirmed", "processing", "shipped", "delivered", "cancelled"),
        _words("orders", "payment_status", "pending", "paid", "refunded", "failed"),
        comment="A pharmacy's purchase.",
    )
    op.create_index(op.f("orders_customer_id_id_idx"), "orders", ["customer_id", "id"])
    op.create_table(
        "pricing",
        _key(),
        _link("pricing", "product_id", "products"),
        _link("pricing", "customer_tier_id", "customer_tiers", nullable=True),
        _column("price", _MONEY, "Price of a package, in BRL."),
        _column("effective_from", _TIME, "From when the price holds."),
        _column("effective_to", _TIME, "Until when the price holds; null while it has no end.", nullable=True),
        _column("created_at", _TIME, "When the row was made.", default="now()"),
        sa.UniqueConstraint(
            "product_id",
            "customer_tier_id",
            "effective_from",
            name=op.f("pricing_product_id_customer_tier_id_effective_from_key"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="The price of a medicine for a tier, or for all tiers without their own.",
    )
    op.create_index(op.f("pricing_customer_tier_id_id_idx"), "pricing", ["customer_tier_id", "id"])
    op.create_index(op.f("pricing_product_id_id_idx"), "pricing", ["product_id", "id"])
    op.create_table(
        "purchase_orders",
        _key(),
        _link("purchase_orders", "supplier_id", "suppliers"),
        _link("purchase_orders", "product_id", "products"),
        _link("purchase_orders", "warehouse_id", "warehouses"),
        _column("quantity_ordered", sa.Integer, "Packages ordered."),
        _column("quantity_received", sa.Integer, "Packages that arrived.", default="0"),
        _column("unit_cost", _MONEY, "What a package costs us, in BRL."),
        _column("status", sa.Text, "Where the purchase order stands.", default="'ordered'"),
        _column("ordered_at", _TIME, "When we ordered."),
        _column("expected_at", _TIME, "When the supplier promised to deliver.", nullable=True),
        _column("received_at", _TIME, "When the goods arrived.", nullable=True),
        _column("created_at", _TIME, "When the row was made.", default="now()"),
        _words("purchase_orders", "status", "ordered", "received", "cancelled"),
        comment="An order of one medicine from a supplier, for one warehouse.",
    )
    op.create_index(op.f("purchase_orders_product_id_id_idx"), "purchase_orders", ["product_id", "id"])
    op.create_index(op.f("purchase_orders_supplier_id_id_idx"), "purchase_orders", ["supplier_id", "id"])
    op.create_index(op.f("purchase_orders_warehouse_id_id_idx"), "purchase_orders", ["warehouse_id", "id"])
    op.create_table(
        "customer_interactions",
        _key(),
        _link("customer_interactions", "customer_id", "customers"),
        _link("customer_interactions", "order_id", "orders", nullable=True),
        _column("interaction_date", _TIME, "When it took place."),
        _column("channel", sa.Text, "How the contact came about."),
        _column("type", sa.Text, "What it was about."),
        _column("subject", sa.Text, "Its title.", nullable=True),
        _column("message", sa.Text, "What the customer wrote.", nullable=True),
        _column("resolved", sa.Boolean, "Whether it is settled.", default="false"),
        _column("resolution_time_minutes", sa.Integer, "Minutes until it was settled.", nullable=True),
        _column("agent_type", sa.Text, "Who answered.", nullable=True),
        _column("created_at", _TIME, "When the row was made.", default="now()"),
        _words("customer_interactions", "channel", "whatsapp", "email", "phone", "web"),
        _words("customer_interactions", "type", "inquiry", "complaint", "order", "support"),
        _words("customer_interactions", "agent_type", "human", "ai"),
        comment="A contact with a pharmacy: a question, a complaint, an order or a request for help.",
    )
    op.create_index(op.f("customer_interactions_customer_id_id_idx"), "customer_interactions", ["customer_id", "id"])
    op.create_index(op.f("customer_interactions_order_id_id_idx"), "customer_interactions", ["order_id", "id"])
    op.create_table(
        "order_items",
        _key(),
        _link("order_items", "order_id", "orders"),
        _link("order_items", "product_id", "products"),
        _column("quantity", sa.Integer, "Packages ordered."),
        _column("unit_price", _MONEY, "Price of a package, in BRL."),
        _column("discount", _MONEY, "Taken off the line, in BRL.", default="0"),
        _column("tax", _MONEY, "Taxes on the line, in BRL.", default="0"),
        _column("total", _MONEY, "What the line costs, in BRL."),
        comment="A line of an order: one medicine and how much of it.",
    )
    op.create_index(op.f("order_items_order_id_id_idx"), "order_items", ["order_id", "id"])
    op.create_index(op.f("order_items_product_id_id_idx"), "order_items", ["product_id", "id"])
    op.create_table(
        "gateway_state",
        sa.Column(
            "key", sa.Text, primary_key=True, comment="What the note is about: `demo` while the rows are made up."
        ),
        _column("value", JSONB, "What is to be known about it."),
        comment="What the gateway notes about this database.",
    )


def _key() -> sa.Column[Any]:
    """The primary key: a bigint that the database numbers."""
    comment = "Number of the row, unique within its table."
    return sa.Column("id", sa.BigInteger, sa.Identity(always=False), primary_key=True, comment=comment)


def _column(
    name: str, kind: Any, comment: str, *, nullable: bool = False, default: str | None = None
) -> sa.Column[Any]:
    """A column with its description; `default` is an SQL expression."""
    filled = None if default is None else sa.text(default)
    return sa.Column(name, kind, nullable=nullable, server_default=filled, comment=comment)


def _link(table: str, name: str, target: str, *, nullable: bool = False) -> sa.Column[Any]:
    """A column that holds the key of a row of another table."""
    reference = sa.ForeignKey(f"{target}.id", name=op.f(f"{table}_{name}_fkey"))
    return sa.Column(name, sa.BigInteger, reference, nullable=nullable, comment=f"Key of the row in {target}.")


def _words(table: str, column: str, *words: str) -> sa.CheckConstraint:
    """The check that holds a column to a closed list of words."""
    return sa.CheckConstraint(sa.column(column).in_(words), name=op.f(f"{table}_{column}_check"))
