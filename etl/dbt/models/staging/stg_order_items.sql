-- Generated from the entities by `make generate`.
select
  id as order_item_id,
  order_id,
  product_id,
  quantity,
  unit_price,
  discount,
  tax,
  total
from {{ source('raw', 'order_items') }}
