{{ config(**layout(cluster=['customer_id'])) }}
with versions as (
  {{ versions('customers', 'customer_id', ['name', 'cnpj', 'region', 'tier_id', 'status', 'created_at']) }}
)

select
  versions.customer_id,
  versions.name as customer_name,
  versions.cnpj,
  versions.region,
  tiers.name as tier,
  {{ local_date('versions.created_at') }} as signup_date,
  versions.status,
  versions.valid_from,
  versions.valid_to,
  versions.is_current
from versions
left join {{ ref('stg_customer_tiers') }} as tiers on tiers.customer_tier_id = versions.tier_id
