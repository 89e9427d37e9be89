-- Generated from the entities by `make generate`.
select
  id as customer_tier_id,
  name
from {{ source('raw', 'customer_tiers') }}
