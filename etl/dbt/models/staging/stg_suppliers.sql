-- Generated from the entities by `make generate`.
select
  id as supplier_id,
  name,
  cnpj,
  type,
  contact_info,
  payment_terms,
  region,
  status,
  created_at,
  updated_at
from {{ source('raw', 'suppliers') }}
