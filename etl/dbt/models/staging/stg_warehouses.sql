-- Generated from the entities by `make generate`.
select
  id as warehouse_id,
  name,
  city,
  state
from {{ source('raw', 'warehouses') }}
