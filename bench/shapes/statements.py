"""The candidates: the same answers, made in different ways."""

from collections.abc import Callable, Mapping
from typing import Final

Written = Callable[[str], str]
"""Makes of a column's name what writes its text as JSON."""


def _to_json(column: str) -> str:
    return f"to_json({column})"


def _json_scalar(column: str) -> str:
    return f"json_scalar({column})"


def _id(entity: str, key: str) -> str:
    return f"encode(textsend('{entity}:' || {key}), 'base64')"


def _converted_id(entity: str, key: str) -> str:
    return f"encode(convert_to('{entity}:' || {key}::text, 'UTF8'), 'base64')"


# The feed: orders with items, products and suppliers.

_ORDERS: Final = "(select * from orders order by id desc limit $1) o"
_JOINED: Final = """
    from order_items i join products p on p.id = i.product_id left join suppliers s on s.id = p.manufacturer_id
    where i.order_id = o.id"""


def _order(items: str, written: Written, identity: Callable[[str, str], str] = _id) -> str:
    return f"""concat('{{"id":"', {identity("Order", "o.id")}, '","orderDate":', {written("o.order_date")},
        ',"status":"', upper(o.status), '","total":"', o.total, '","items":{{"nodes":[', {items}, ']}}}}')"""


def _item(product: str, identity: Callable[[str, str], str] = _id) -> str:
    return f"""concat('{{"id":"', {identity("OrderItem", "i.id")}, '","quantity":', i.quantity,
        ',"unitPrice":"', i.unit_price, '","total":"', i.total, '","product":', {product}, '}}')"""


def _product(supplier: str, written: Written, identity: Callable[[str, str], str] = _id) -> str:
    return f"""concat('{{"id":"', {identity("Product", "p.id")}, '","name":', {written("p.name")},
        ',"manufacturer":', {supplier}, '}}')"""


def _supplier(written: Written, identity: Callable[[str, str], str] = _id) -> str:
    return f"""concat('{{"id":"', {identity("Supplier", "s.id")}, '","name":', {written("s.name")}, '}}')"""


def _joined_items(written: Written, identity: Callable[[str, str], str] = _id) -> str:
    supplier = f"case when s.id is null then 'null' else {_supplier(written, identity)} end"
    item = _item(_product(supplier, written, identity), identity)
    return f"(select string_agg({item}, ',' order by i.id) {_JOINED})"


def _correlated_product(written: Written) -> str:
    supplier = f"coalesce((select {_supplier(written)} from suppliers s where s.id = p.manufacturer_id), 'null')"
    return f"(select {_product(supplier, written)} from products p where p.id = i.product_id)"


def _correlated_items(written: Written) -> str:
    item = _item(_correlated_product(written))
    return f"(select string_agg({item}, ',' order by i.id) from order_items i where i.order_id = o.id)"


def _array_of_items(written: Written) -> str:
    item = _item(_correlated_product(written))
    return f"array_to_string(array(select {item} from order_items i where i.order_id = o.id order by i.id), ',')"


def _one_text(row: str) -> str:
    return f"select string_agg({row}, ',')::varchar from {_ORDERS}"


_OBJECT_ITEM: Final = f"""json_build_object('id', {_id("OrderItem", "i.id")}, 'quantity', i.quantity,
    'unitPrice', i.unit_price::text, 'total', i.total::text, 'product', (
        select json_build_object('id', {_id("Product", "p.id")}, 'name', p.name, 'manufacturer', (
            select json_build_object('id', {_id("Supplier", "s.id")}, 'name', s.name)
            from suppliers s where s.id = p.manufacturer_id))
        from products p where p.id = i.product_id))"""
_OBJECT_ORDER: Final = f"""json_build_object('id', {_id("Order", "o.id")}, 'orderDate', o.order_date,
    'status', upper(o.status), 'total', o.total::text, 'items', json_build_object('nodes', (
        select coalesce(json_agg({_OBJECT_ITEM} order by i.id), '[]') from order_items i where i.order_id = o.id)))"""

_STANDARD_ITEM: Final = f"""json_object('id': {_id("OrderItem", "i.id")}, 'quantity': i.quantity,
    'unitPrice': i.unit_price::text, 'total': i.total::text, 'product': (
        select json_object('id': {_id("Product", "p.id")}, 'name': p.name, 'manufacturer': (
            select json_object('id': {_id("Supplier", "s.id")}, 'name': s.name)
            from suppliers s where s.id = p.manufacturer_id))
        from products p where p.id = i.product_id))"""
_STANDARD_ORDER: Final = f"""json_object('id': {_id("Order", "o.id")}, 'orderDate': o.order_date,
    'status': upper(o.status), 'total': o.total::text, 'items': json_object('nodes': (
        select json_arrayagg({_STANDARD_ITEM} order by i.id) from order_items i where i.order_id = o.id)))"""

_POSITIONAL_ITEM: Final = """json_build_array(i.id, i.quantity, i.unit_price::text, i.total::text, (
    select json_build_array(p.id, p.name, (
        select json_build_array(s.id, s.name) from suppliers s where s.id = p.manufacturer_id))
    from products p where p.id = i.product_id))"""
_POSITIONAL_ORDER: Final = f"""json_build_array(o.id, o.order_date, o.status, o.total::text, (
    select json_agg({_POSITIONAL_ITEM} order by i.id) from order_items i where i.order_id = o.id))"""

_LATERAL: Final = f"""
select json_agg(row_to_json(told))::varchar from (
    select {_id("Order", "o.id")} as id, o.order_date as "orderDate", upper(o.status) as status,
        o.total::text as total, items.items
    from {_ORDERS} left join lateral (
        select json_build_object('nodes', coalesce(json_agg(row_to_json(item)), '[]')) as items from (
            select {_id("OrderItem", "i.id")} as id, i.quantity, i.unit_price::text as "unitPrice",
                i.total::text as total, product.product
            from order_items i left join lateral (
                select row_to_json(found) as product from (
                    select {_id("Product", "p.id")} as id, p.name, supplier.manufacturer
                    from products p left join lateral (
                        select row_to_json(maker) as manufacturer from (
                            select {_id("Supplier", "s.id")} as id, s.name
                            from suppliers s where s.id = p.manufacturer_id
                        ) maker
                    ) supplier on true where p.id = i.product_id
                ) found
            ) product on true where i.order_id = o.id order by i.id
        ) item
    ) items on true order by o.id desc
) told"""

_GROUPED: Final = f"""
select string_agg({_order("items", _json_scalar)}, ',')::varchar from (
    select o.id, o.order_date, o.status, o.total, string_agg({
    _item(_product("case when s.id is null then 'null' else " + _supplier(_json_scalar) + " end", _json_scalar))
}, ',' order by i.id) as items
    from {_ORDERS} left join (
        order_items i join products p on p.id = i.product_id left join suppliers s on s.id = p.manufacturer_id
    ) on i.order_id = o.id
    group by o.id, o.order_date, o.status, o.total order by o.id desc
) o"""

FEED: Final[Mapping[str, str]] = {
    "json_build_object, correlated": f"select json_agg({_OBJECT_ORDER})::varchar from {_ORDERS}",
    "row_to_json over lateral": _LATERAL,
    "json_object, correlated": f"select json_arrayagg({_STANDARD_ORDER})::varchar from {_ORDERS}",
    "json_build_array without keys and ids": f"select json_agg({_POSITIONAL_ORDER})::varchar from {_ORDERS}",
    "concat, to_json, convert_to, joins": _one_text(
        _order(_joined_items(_to_json, _converted_id), _to_json, _converted_id)
    ),
    "concat, to_json, joins": _one_text(_order(_joined_items(_to_json), _to_json)),
    "concat, json_scalar, joins": _one_text(_order(_joined_items(_json_scalar), _json_scalar)),
    "concat, json_scalar, one join in groups": _GROUPED,
    "concat, json_scalar, correlated": _one_text(_order(_correlated_items(_json_scalar), _json_scalar)),
    "the same with array_to_string": _one_text(_order(_array_of_items(_json_scalar), _json_scalar)),
    "the same, a row for each order": f"select {_order(_array_of_items(_json_scalar), _json_scalar)}::varchar"
    f" from {_ORDERS}",
}

# Flat: products of 8 fields.

_PRODUCTS: Final = "(select * from products order by id limit $1) p"
_NULLABLE: Final = ("description", "active_ingredient", "dosage", "package_size")
_NAMES: Final = {"active_ingredient": "activeIngredient", "package_size": "packageSize"}


def _flat(
    written: Written, missing: Callable[[str], str], identity: Callable[[str, str], str] = _id, *, escaped: bool = True
) -> str:
    text = written if escaped else str
    rest = ", ".join(f"""',"{_NAMES.get(name, name)}":', {missing(text(name))}""" for name in _NULLABLE)
    return f"""concat('{{"id":"', {identity("Product", "id")}, '","sku":', {text("sku")}, ',"name":', {text("name")},
        {rest}, ',"status":"', upper(status), '"}}')"""


def _as_text(value: str) -> str:
    return f"coalesce({value}::text, 'null')"


def _as_json(value: str) -> str:
    return f"coalesce({value}, 'null'::json)"


_COLUMNS: Final = f"""{_id("Product", "p.id")} as id, sku, name, description, active_ingredient as "activeIngredient",
    dosage, package_size as "packageSize", upper(status) as status"""
_MEMBERS: Final = f"""'id': {_id("Product", "id")}, 'sku': sku, 'name': name, 'description': description,
    'activeIngredient': active_ingredient, 'dosage': dosage, 'packageSize': package_size, 'status': upper(status)"""

FLAT: Final[Mapping[str, str]] = {
    "json_build_object": f"select json_agg(json_build_object({_MEMBERS.replace(': ', ', ')}))::varchar"
    f" from {_PRODUCTS}",
    "row_to_json": f"select string_agg(row_to_json(q)::text, ',')::varchar from (select {_COLUMNS} from {_PRODUCTS}) q",
    "json_object": f"select string_agg(json_object({_MEMBERS} returning text), ',')::varchar from {_PRODUCTS}",
    "json_build_array without keys and ids": "select string_agg(json_build_array(id, sku, name, description,"
    f" active_ingredient, dosage, package_size, status)::text, ',')::varchar from {_PRODUCTS}",
    "concat, to_json, convert_to, in an outer concat": "select concat('[', (select string_agg("
    f"{_flat(_to_json, _as_text, _converted_id)}, ',') from {_PRODUCTS}), ']')::varchar",
    "concat, to_json, convert_to": f"select string_agg({_flat(_to_json, _as_text, _converted_id)}, ',')::varchar"
    f" from {_PRODUCTS}",
    "concat, to_json": f"select string_agg({_flat(_to_json, _as_text)}, ',')::varchar from {_PRODUCTS}",
    "concat, to_json, coalesce as json": f"select string_agg({_flat(_to_json, _as_json)}, ',')::varchar"
    f" from {_PRODUCTS}",
    "concat, json_scalar": f"select string_agg({_flat(_json_scalar, _as_json)}, ',')::varchar from {_PRODUCTS}",
    "the same, a row for each product": f"select {_flat(_json_scalar, _as_json)}::varchar from {_PRODUCTS}",
    "(the same without escaping: wrong)": f"select string_agg({_flat(str, _as_text)}, ',')::varchar from {_PRODUCTS}",
    "(the columns alone)": "select id, sku, name, description, active_ingredient, dosage, package_size, status"
    f" from {_PRODUCTS}",
}

# The aggregate: revenue by month and region.

_SAID: Final = """select string_agg(concat('{"key":{"orderDate":"', month, '","customer":{"region":',
    json_scalar(region), '}},"count":', orders, ',"sum":{"total":"', total, '"}}'), ',' order by month, region)::varchar
from"""
_RANGE: Final = "o.order_date >= $2 and o.order_date < $3"
_STATUS: Final = "o.status = any($1::text[])"
_WITH: Final = (
    "c.region, count(*) as orders, sum(o.total) as total from orders o join customers c on c.id = o.customer_id"
)
_MONTH: Final = "cast(date_trunc('month', timezone('America/Sao_Paulo', o.order_date)) as date) as month"
_BOUNDS: Final = """lateral (
    select array_agg(timezone('America/Sao_Paulo', month)) as limits
    from generate_series(
        date_trunc('month', timezone('America/Sao_Paulo', $2)), timezone('America/Sao_Paulo', $3), '1 month'
    ) month
) bounds"""

AGGREGATE: Final[Mapping[str, str]] = {
    "date_trunc, status first": f"{_SAID} (select {_MONTH}, {_WITH} where {_STATUS} and {_RANGE} group by 1, 2) g",
    "date_trunc, range first": f"{_SAID} (select {_MONTH}, {_WITH} where {_RANGE} and {_STATUS} group by 1, 2) g",
    "customers joined to sums": f"""{_SAID} (
        select month, c.region, sum(orders) as orders, sum(total) as total from (
            select {_MONTH}, o.customer_id, count(*) as orders, sum(o.total) as total
            from orders o where {_RANGE} and {_STATUS} group by 1, 2
        ) o join customers c on c.id = o.customer_id group by 1, 2) g""",
    "width_bucket": f"""{_SAID} (
        select width_bucket(o.order_date, limits) as month, {_WITH}, {_BOUNDS}
        where {_RANGE} and {_STATUS} group by 1, 2) g""",
    "(no months)": f"{_SAID} (select 1 as month, {_WITH} where {_RANGE} and {_STATUS} group by 1, 2) g",
    "(the rows alone)": f"select count(*)::varchar from orders o where {_RANGE} and {_STATUS}",
}
