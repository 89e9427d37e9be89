-- Generated from the entities by `make generate`.
select
  id as price_id,
  product_id,
  customer_tier_id,
  price,
  effective_from,
  effective_to,
  created_at
from {{ source('raw', 'pricing') }}
