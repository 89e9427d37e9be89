-- Generated from the entities by `make generate`.
select
  id as order_id,
  customer_id,
  order_date,
  status,
  subtotal,
  tax,
  shipping_cost,
  total,
  payment_method,
  payment_status,
  shipping_address,
  notes,
  shipped_at,
  delivered_at,
  promised_at,
  created_at,
  updated_at
from {{ source('raw', 'orders') }}
