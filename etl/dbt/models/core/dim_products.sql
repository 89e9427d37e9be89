{{ config(**layout(cluster=['product_id'])) }}
with versions as (
  {{ versions('products', 'product_id', ['sku', 'name', 'category_id', 'manufacturer_id', 'active_ingredient', 'is_generic', 'status']) }}
)

select
  versions.product_id,
  versions.sku,
  versions.name as product_name,
  categories.category,
  categories.subcategory,
  suppliers.name as manufacturer,
  versions.active_ingredient,
  versions.is_generic,
  versions.status,
  versions.valid_from,
  versions.valid_to,
  versions.is_current
from versions
left join {{ ref('int_categories') }} as categories on categories.group_id = versions.category_id
left join {{ ref('stg_suppliers') }} as suppliers on suppliers.supplier_id = versions.manufacturer_id
