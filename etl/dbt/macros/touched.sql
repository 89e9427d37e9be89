{#- What an incremental run has to bring up to date: the keys of a fact's rows that were touched, and for what is summed
    up from a fact the days that these rows are on or were on. -#}

{% macro touched_keys() %}(select id from {{ pipeline_table('touched_' ~ model.name) }}){% endmacro %}

{#- The lines of orders that a run has to bring up to date: changed themselves, or through their order. -#}
{% macro touched_lines() %}
  {{ arrived('order_items') }}
  union distinct
  select order_item_id as id from {{ ref('stg_order_items') }} where order_id in ({{ arrived('orders') }})
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
    select distinct '{{ model.name }}', {{ day }}, {{ window_end() }} from {{ this }}
    where {{ every_day(day) }} and {{ key }} in {{ touched_keys() }}
  {% elif is_after %}
    insert into {{ pipeline_table('touched_day') }} select '{{ model.name }}', date '1900-01-01', {{ window_end() }}
  {% endif %}
{% endmacro %}

{#- Before a fact's rows, third: take out the touched ones. BigQuery replaces whole days instead, and only what is no
    longer among the `current` rows has to go. -#}
{% macro clear_touched(key, day, current) %}
  {% if is_incremental() %}
    delete from {{ this }} where {{ key }} in {{ touched_keys() }}
    {% if target.type == 'bigquery' %} and {{ every_day(day) }} and {{ key }} not in (select {{ key }} from {{ current }}) {% endif %}
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

{#- The days of a fact that were touched since this model last ran. -#}
{% macro touched_days(fact) -%}
  select day from {{ pipeline_table('touched_day') }} where model = '{{ fact }}' and load_id > {{ watermark() }}
{%- endmacro %}

{#- Whether a period, such as a month, has a touched day; `period` is a macro such as `month_of`. -#}
{% macro has_touched_day(column, fact, period) -%}
  ({{ column }} in (select {{ period('day') }} from ({{ touched_days(fact) }}) as touched)
  or exists (select 1 from ({{ touched_days(fact) }}) as touched where day = date '1900-01-01'))
{%- endmacro %}

{#- Before the rows of what is summed up by period: take out the touched periods. -#}
{% macro clear_periods(column, fact, period) %}
  {% if is_incremental() %}delete from {{ this }} where {{ has_touched_day(column, fact, period) }}{% endif %}
{% endmacro %}

{#- The period of a day that is a day. -#}
{% macro day_of(day) %}{{ day }}{% endmacro %}

{#- A query of the first week to be made anew: that of the first touched day, or the newest one that is there, which
    may not have been over. -#}
{% macro first_open_week(fact) %}
  select least(
    coalesce((select {{ week_of('min(day)') }} from ({{ touched_days(fact) }}) as touched), date '9999-12-27'),
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
