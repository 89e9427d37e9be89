-- Generated from the entities by `make generate`.
select
  id as category_id,
  name,
  parent_id
from {{ source('raw', 'categories') }}
