{#- The day from which on a daily snapshot is taken again: the last recorded one, which may not have been over, today
    where a clock that was ahead has recorded more, or that of the oldest change that came since this model last ran. It goes back only as far as the log tells of every row:
    the first change that is known of a row tells nothing of the days before it, unless the row began with it. A model
    that has not noted yet how far it has read goes back to the last day. -#}
{% macro open_since(day, table, clock) -%}
  {%- set log = source('raw', table ~ '__log') -%}
  least(
    (select max({{ day }}) from {{ this }} where {{ every_day(day) }}),
    (select today from {{ clock }}),
    greatest(
      coalesce(
        (select min({{ local_date('_committed_at') }}) from {{ log }} where _load_id > {{ watermark() }} and {{ watermark() }} >= 0),
        date '9999-12-31'
      ),
      coalesce(
        (
          select max({{ local_date('_committed_at') }})
          from (
            select _op, _committed_at from {{ log }} where _key is not null
            qualify row_number() over (partition by _key order by _commit_lsn, _seq) = 1
          ) as firsts
          where _op <> 1
        ),
        date '1900-01-01'
      )
    )
  )
{%- endmacro %}

{#- BigQuery overwrites the partitions of the days that are taken again; on DuckDB they are deleted first. -#}
{% macro clear_open_days(day, table, clock) %}
  {% if is_incremental() and target.type != 'bigquery' %}
    delete from {{ this }} where {{ day }} >= {{ open_since(day, table, clock) }}
  {% endif %}
{% endmacro %}

{#- The first day that has no final snapshot. -#}
{% macro first_open_day(day, table, clock) -%}
  {%- if target.type == 'bigquery' -%}
    {{ open_since(day, table, clock) }}
  {%- else -%}
    (select {{ add_days('max(' ~ day ~ ')', 1) }} from {{ this }})
  {%- endif -%}
{%- endmacro %}
