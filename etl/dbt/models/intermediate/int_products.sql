select product_id, sku, product_name, category, subcategory, manufacturer, is_generic, status
from {{ ref('dim_products') }} where is_current
