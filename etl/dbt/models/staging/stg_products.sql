-- Generated from the entities by `make generate`.
select
  id as product_id,
  sku,
  name,
  description,
  category_id,
  manufacturer_id,
  active_ingredient,
  dosage,
  package_size,
  regulatory_code,
  is_generic,
  status,
  created_at,
  updated_at
from {{ source('raw', 'products') }}
