{#- What an incremental run has to bring up to date: the keys of a fact's rows that were touched, and for what is summed
    up from a fact the days that these rows are on or were on. -#}

{% macro touched_keys() %}(select id from {{ pipeline_table('touched_' ~ model.name) }}){% endmacro %}

{#- The lines of orders that a run has to bring up to date: changed themselves, or through their order. -#}
{% macro touched_lines() %}
  {{ arrived('order_items', 'order_item_id', 'order_date') }}
  union distinct
  select order_item_id as id from {{ ref('stg_order_items') }} where order_id in ({{ arrived('orders', 'order_id', 'order_date') }})
{% endmacro %}

{#- Before a fact's rows, first: note which are touched, once for all that follows. -#}
{% macro note_touched(touched) %}
  {% if is_incremental() %}create or replace table {{ pipeline_table('touched_' ~ model.name) }} as {{ touched }}{% endif %}
{% endmacro %}

{#- Before a fact's rows, second, and after them again: note the days of the touched ones. A fact that is built anew
    touches all days, which the year 1900 stands for. -#}
{% macro note_days(key, day, is_after=true) %}
  {% if is_incremental() %}
    insert into {{ pipeline_table('touched_day') }}
    select distinct '{{ model.name }}', {{ day }}, {{ run_number() }} from {{ this }}
    where {{ every_day(day) }} and {{ key }} in {{ touched_keys() }}
  {% elif is_after %}
    insert into {{ pipeline_table('touched_day') }} select '{{ model.name }}', date '1900-01-01', {{ run_number() }}
  {% endif %}
{% endmacro %}

{#- Before a fact's rows, third: take out the touched ones. BigQuery replaces whole days instead, of which it has rows
    now, and only what is no longer among the `current` rows of its day has to go. -#}
{% macro clear_touched(key, day, current) %}
  {% if is_incremental() %}
    delete from {{ this }} as was where {{ key }} in {{ touched_keys() }}
    {% if target.type == 'bigquery' %}
      and {{ every_day(day) }}
      and not exists (select 1 from {{ current }} as now where now.{{ key }} = was.{{ key }} and now.{{ day }} = was.{{ day }})
    {% endif %}
  {% endif %}
{% endmacro %}

{#- The condition on a fact's rows: the touched ones; on BigQuery all rows of the days that these are on or were on. -#}
{% macro is_touched(key, day, current) -%}
  {%- if not is_incremental() -%}
    true
  {%- elif target.type == 'bigquery' -%}
    {{ day }} in (
      select {{ day }} from {{ this }} where {{ every_day(day) }} and {{ key }} in {{ touched_keys() }}
      union distinct
      select {{ day }} from {{ current }} where {{ key }} in {{ touched_keys() }}
    )
  {%- else -%}
    {{ key }} in {{ touched_keys() }}
  {%- endif -%}
{%- endmacro %}

{#- Before costs are built anew: keep what they were, to tell afterwards which are different. -#}
{% macro keep_costs() %}
  create or replace table {{ pipeline_table('costs_before') }} as
  {% if execute and load_cached_relation(this) is not none %}
    select product_id, first_month, next_month, unit_cost from {{ this }}
  {% else %}
    select cast(null as {{ integer_type() }}) as product_id, cast(null as date) as first_month,
      cast(null as date) as next_month, cast(null as numeric(18, 4)) as unit_cost
    limit 0
  {% endif %}
{% endmacro %}

{#- After costs were built anew: note of which products and spans they are different now. -#}
{% macro note_changed_costs() %}
  {% set before = pipeline_table('costs_before') %}
  insert into {{ pipeline_table('changed_cost') }}
  select product_id, first_month, next_month, {{ run_number() }} from (
    (select * from {{ this }} except distinct select * from {{ before }})
    union all
    (select * from {{ before }} except distinct select * from {{ this }})
  ) as changed
{% endmacro %}

{#- Before what is valued at cost is summed up: note the days of sales whose cost changed since this model last ran. -#}
{% macro note_days_of_costs(fact) %}
  {% if is_incremental() %}
    insert into {{ pipeline_table('touched_day') }}
    select distinct '{{ model.name }}', facts.order_date, {{ run_number() }}
    from {{ fact }} as facts
    inner join (
      select * from {{ pipeline_table('changed_cost') }} where number > {{ last_run() }}
    ) as changed
      on changed.product_id = facts.product_id
      and facts.order_date >= changed.first_month and facts.order_date < changed.next_month
    where {{ every_day('facts.order_date') }}
  {% endif %}
{% endmacro %}

{#- Before sales are summed up by region: note the days of those whose customer was of another region when they were summed
    up last. Versions of a customer come late, too: copied, or as a dead letter that could be read at last. -#}
{% macro note_days_of_regions(fact, customers) %}
  {% set columns = 'customer_id, region, valid_from, valid_to' %}
  {% set before = pipeline_table('region_before') %}
  {% if is_incremental() %}
    insert into {{ pipeline_table('touched_day') }}
    select distinct '{{ model.name }}', facts.order_date, {{ run_number() }}
    from {{ fact }} as facts
    inner join (
      select customer_id from (select {{ columns }} from {{ customers }} except distinct select {{ columns }} from {{ before }}) as new
      union distinct
      select customer_id from (select {{ columns }} from {{ before }} except distinct select {{ columns }} from {{ customers }}) as old
    ) as changed
      on changed.customer_id = facts.customer_id
    left join {{ customers }} as customers on {{ is_version_at('customers', 'customer_id', 'facts', 'ordered_at') }}
    left join {{ before }} as before on {{ is_version_at('before', 'customer_id', 'facts', 'ordered_at') }}
    where {{ every_day('facts.order_date') }} and customers.region is distinct from before.region
  {% endif %}
{% endmacro %}

{#- After sales were summed up by region: keep the regions, to tell in the next run which are different. -#}
{% macro keep_regions(customers) %}
  create or replace table {{ pipeline_table('region_before') }} as
  select customer_id, region, valid_from, valid_to from {{ customers }}
{% endmacro %}

{#- The days that were touched since this model last ran, as noted by any of `origins`. -#}
{% macro touched_days(origins) -%}
  select day from {{ pipeline_table('touched_day') }}
  where model in ('{{ origins | join("', '") }}') and number > {{ last_run() }}
{%- endmacro %}

{#- Whether a period, such as a month, has a touched day; `period` is a macro such as `month_of`. -#}
{% macro has_touched_day(column, origins, period) -%}
  ({{ column }} in (select {{ period('day') }} from ({{ touched_days(origins) }}) as touched)
  or exists (select 1 from ({{ touched_days(origins) }}) as touched where day = date '1900-01-01'))
{%- endmacro %}

{#- Before the rows of what is summed up by period: take out the touched periods. -#}
{% macro clear_periods(column, origins, period) %}
  {% if is_incremental() %}delete from {{ this }} where {{ has_touched_day(column, origins, period) }}{% endif %}
{% endmacro %}

{#- The period of a day that is a day. -#}
{% macro day_of(day) %}{{ day }}{% endmacro %}

{#- A query of the first week to be made anew: that of the first touched day, or the newest one that is there, which
    may not have been over, or this one where a clock that was ahead has made more. -#}
{% macro first_open_week(origins, clock) %}
  select least(
    (select {{ week_of('today') }} from {{ clock }}),
    coalesce((select {{ week_of('min(day)') }} from ({{ touched_days(origins) }}) as touched), date '9999-12-27'),
    coalesce((select max(week) from {{ this }}), date '1900-01-01')
  ) as id
{% endmacro %}

{#- Take out the weeks to be made anew, and those that are older than is kept. -#}
{% macro clear_open_weeks(clock) %}
  {% if is_incremental() %}
    delete from {{ this }}
    where week >= {{ touched_keys() }} or week < (select {{ week_of(add_days('today', -371)) }} from {{ clock }})
  {% endif %}
{% endmacro %}

{#- Take out the touched rows of what is no fact: nothing reads it while it is brought up to date. -#}
{% macro clear_keys(key) %}
  {% if is_incremental() %}delete from {{ this }} where {{ key }} in {{ touched_keys() }}{% endif %}
{% endmacro %}
