with versions as (
  {{ versions('suppliers', 'supplier_id', ['name', 'type', 'region', 'status']) }}
)

select
  supplier_id,
  name as supplier_name,
  type as supplier_type,
  region,
  status,
  valid_from,
  valid_to,
  is_current
from versions
