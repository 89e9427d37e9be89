{#- How a table lies in the warehouse. BigQuery partitions by day, clusters, and refuses queries without the partition;
    DuckDB keeps the order in which rows came and needs none of it. -#}
{% macro layout(partition=none, cluster=none, materialized='table') %}
  {% set settings = {'materialized': materialized} %}
  {% if target.type == 'bigquery' %}
    {% do settings.update({'labels': {'part': 'warehouse', 'layer': 'core'}}) %}
    {% if cluster %}{% do settings.update({'cluster_by': cluster}) %}{% endif %}
    {% if partition %}
      {% do settings.update({'partition_by': {'field': partition, 'data_type': 'date', 'granularity': 'day'}, 'require_partition_filter': true}) %}
    {% endif %}
  {% endif %}
  {{ return(settings) }}
{% endmacro %}

{#- A fact that is brought up to date: on DuckDB its touched rows are deleted (before the model) and inserted, on BigQuery
    the partitions of its touched days are overwritten. -#}
{% macro fact(partition, cluster=none) %}
  {% set settings = layout(partition, cluster, 'incremental') %}
  {% do settings.update({'incremental_strategy': 'insert_overwrite' if target.type == 'bigquery' else 'append'}) %}
  {{ return(settings) }}
{% endmacro %}

{#- What is summed up from a fact: the touched periods are deleted, before the model, and appended. -#}
{% macro summed() %}
  {{ return({'materialized': 'incremental', 'incremental_strategy': 'merge' if target.type == 'bigquery' else 'append'}) }}
{% endmacro %}

{#- Facts that require their partition in each query are read with a condition that prunes nothing. -#}
{% macro every_day(column) %}{% if target.type == 'bigquery' %}{{ column }} >= date '1900-01-01'{% else %}true{% endif %}{% endmacro %}
