select
  interaction_id,
  customer_id,
  order_id,
  {{ local_date('interaction_date') }} as interaction_date,
  channel,
  type,
  resolved,
  resolution_time_minutes,
  agent_type
from {{ ref('stg_customer_interactions') }}
