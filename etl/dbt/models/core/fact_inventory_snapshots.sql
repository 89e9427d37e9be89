-- The stock at the end of each day of São Paulo, from the log. Days that no run saw are made up for, days are recorded
-- again of which changes came late, and today's stands as it is so far. Kept in a full refresh: what is recorded here
-- may be older than the log.
{{ config(
  full_refresh=false,
  pre_hook="{{ clear_open_days('snapshot_date', 'inventory', ref('int_clock')) }}",
  post_hook="{{ advance_watermark() }}",
  **fact('snapshot_date', ['product_id', 'warehouse_id'])
) }}
with logged as (
  select
    _key as inventory_id,
    product_id,
    warehouse_id,
    quantity_available,
    quantity_reserved,
    _op = 3 as is_deleted,
    _commit_lsn,
    _seq,
    {{ held_since('_key') }} as valid_from
  from {{ source('raw', 'inventory__log') }}
  where _key is not null
),

changes as (
  select *, lead(valid_from) over (partition by inventory_id order by _commit_lsn, _seq) as valid_to
  from logged
  union all
  -- Copied before the log began, and never changed since.
  select
    id, product_id, warehouse_id, quantity_available, quantity_reserved, false, 0, 0,
    {{ since_ever() }}, cast(null as {{ instant_type() }})
  from {{ source('raw', 'inventory__base') }}
  where id not in (select _key from {{ source('raw', 'inventory__log') }} where _key is not null)
    and not exists (select 1 from {{ source('raw', 'inventory__log') }} where _op = 4)
),

emptied as (
  select _commit_lsn as lsn, _seq as seq, _committed_at as emptied_at
  from {{ source('raw', 'inventory__log') }}
  where _op = 4
),

span as (
  select
    {% if is_incremental() %}
    {{ first_open_day('snapshot_date', 'inventory', ref('int_clock')) }} as recorded,
    {% else %}
    cast(null as date) as recorded,
    {% endif %}
    (
      select min({{ local_date('_committed_at') }}) from {{ source('raw', 'inventory__log') }} where _key is not null
    ) as first_day,
    (select today from {{ ref('int_clock') }}) as last_day
),

days as (
  select day, {{ end_of_day('day') }} as ends_at
  from ({{ day_series('(select coalesce(recorded, first_day, last_day) from span)', '(select last_day from span)') }}) as series
)

select
  days.day as snapshot_date,
  changes.product_id,
  changes.warehouse_id,
  changes.quantity_available,
  changes.quantity_reserved
from days
inner join changes
  on changes.valid_from < days.ends_at and (changes.valid_to is null or changes.valid_to >= days.ends_at)
where not changes.is_deleted
  and not exists (
    select 1 from emptied
    where emptied.emptied_at < days.ends_at
      and (emptied.lsn > changes._commit_lsn or (emptied.lsn = changes._commit_lsn and emptied.seq > changes._seq))
  )
