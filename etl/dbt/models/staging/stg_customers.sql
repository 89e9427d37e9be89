-- Generated from the entities by `make generate`.
select
  id as customer_id,
  name,
  cnpj,
  email,
  phone,
  address,
  city,
  state,
  region,
  tier_id,
  credit_limit,
  payment_terms,
  status,
  created_at,
  updated_at
from {{ source('raw', 'customers') }}
