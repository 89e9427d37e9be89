-- The catalogue is two levels deep: a group without a parent is a category, one within another a subcategory.
select
  groups.category_id as group_id,
  coalesce(parents.name, groups.name) as category,
  case when parents.category_id is not null then groups.name end as subcategory
from {{ ref('stg_categories') }} as groups
left join {{ ref('stg_categories') }} as parents on parents.category_id = groups.parent_id
