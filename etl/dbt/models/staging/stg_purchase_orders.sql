-- Generated from the entities by `make generate`.
select
  id as purchase_order_id,
  supplier_id,
  product_id,
  warehouse_id,
  quantity_ordered,
  quantity_received,
  unit_cost,
  status,
  ordered_at,
  expected_at,
  received_at,
  created_at
from {{ source('raw', 'purchase_orders') }}
