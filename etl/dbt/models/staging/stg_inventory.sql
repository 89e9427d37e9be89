-- Generated from the entities by `make generate`.
select
  id as inventory_id,
  product_id,
  warehouse_id,
  quantity_available,
  quantity_reserved,
  quantity_incoming,
  reorder_point,
  last_updated
from {{ source('raw', 'inventory') }}
