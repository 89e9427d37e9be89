-- Generated from the entities by `make generate`.
select
  id as interaction_id,
  customer_id,
  order_id,
  interaction_date,
  channel,
  type,
  subject,
  message,
  resolved,
  resolution_time_minutes,
  agent_type,
  created_at
from {{ source('raw', 'customer_interactions') }}
